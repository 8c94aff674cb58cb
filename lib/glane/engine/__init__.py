"""Engines answer prompts. The only room that imports vllm."""
