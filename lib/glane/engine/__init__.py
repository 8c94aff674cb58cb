"""Engines answer prompts. The only room that imports vllm, torch, llguidance and huggingface_hub."""
