"""The benchmark: other ways to do the same work, each a process of its own, and the ratios between them and glane.

The contenders may import vllm and ray, and import nothing heavy of ours: what they take is what a user of them would.
"""
