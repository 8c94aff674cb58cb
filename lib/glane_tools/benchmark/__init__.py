"""The benchmark: compares glane with other ways to do the same work, each in a process of its own.

The contenders may import vllm and ray. They import nothing heavy of glane, as a user of them would not have it.
"""
