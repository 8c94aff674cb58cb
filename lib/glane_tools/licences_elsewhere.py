"""Licences of pinned packages that are installed on machines with GPUs alone, as their wheels' metadata and files say.

Each was read of the wheel of the pinned version: a pin that moves has none here, and a test fails until it is read
again (`pip download --no-deps`, then the file METADATA, and the licences beside it).
"""

from __future__ import annotations

from collections.abc import Mapping

NVIDIA = "LicenseRef-NVIDIA-Proprietary"
ELSEWHERE: Mapping[str, str] = {
    "authlib==1.9.10": "BSD-3-Clause",
    "cuda-bindings==13.4.4": "Apache-2.0",
    "cuda-core==1.2.2": "Apache-2.0",
    "cuda-pathfinder==1.9.1": "Apache-2.0",
    "cuda-python==13.4.4": "Apache-2.0",
    "cuda-tile==1.7.0": "Apache-2.0",
    "cuda-toolkit==13.0.3.0": NVIDIA,
    "fastsafetensors==0.5.0": "Apache-2.0",
    "flashinfer-python==0.7.0.post1": "Apache-2.0",
    "humming-kernels==0.1.17": "Apache-2.0",
    "instanttensor==0.2.2": "Apache-2.0",
    "joserfc==1.8.0": "BSD-3-Clause",
    "ml-dtypes==0.6.0": "Apache-2.0",
    "nccl-extensions==0.1.0": "Apache-2.0",
    "nccl4py==0.6.0": "Apache-2.0",
    "nvidia-cublas==13.1.1.3": NVIDIA,
    "nvidia-cuda-cccl==13.0.85": NVIDIA,
    "nvidia-cuda-crt==13.0.88": NVIDIA,
    "nvidia-cuda-cupti==13.0.85": NVIDIA,
    "nvidia-cuda-nvcc==13.0.88": NVIDIA,
    "nvidia-cuda-nvrtc==13.0.88": NVIDIA,
    "nvidia-cuda-runtime==13.0.96": NVIDIA,
    "nvidia-cudnn-cu13==9.20.0.48": NVIDIA,
    "nvidia-cudnn-frontend==1.32.0": "Apache-2.0 AND MIT",
    "nvidia-cufft==12.0.0.61": NVIDIA,
    "nvidia-cufile==1.15.1.6": NVIDIA,
    "nvidia-curand==10.4.0.35": NVIDIA,
    "nvidia-cusolver==12.0.4.66": NVIDIA,
    "nvidia-cusparse==12.6.3.3": NVIDIA,
    "nvidia-cusparselt-cu13==0.8.1": NVIDIA,
    "nvidia-cutlass-dsl==4.8.0": NVIDIA,
    "nvidia-cutlass-dsl-libs-base==4.8.0": NVIDIA,
    "nvidia-cutlass-dsl-libs-core==4.8.0": NVIDIA,
    "nvidia-cutlass-dsl-libs-cu12==4.8.0": NVIDIA,
    "nvidia-cutlass-dsl-libs-cu13==4.8.0": NVIDIA,
    "nvidia-nccl-cu13==2.29.7": NVIDIA,
    "nvidia-nvjitlink==13.0.88": NVIDIA,
    "nvidia-nvshmem-cu13==3.4.5": NVIDIA,
    "nvidia-nvtx==13.0.85": "Apache-2.0",
    "nvidia-nvvm==13.0.88": NVIDIA,
    "nvtx==0.2.15": "Apache-2.0 WITH LLVM-exception",
    "pynvvideocodec==2.0.4": "MIT",
    "quack-kernels==0.6.5": "Apache-2.0",
    "questionary==2.1.1": "MIT",
    "tabulate==0.10.0": "MIT",
    "tilelang==0.1.12": "MIT",
    "tokenspeed-mla==0.2.15": "MIT",
    "tokenspeed-triton==3.9.10.post20261028": "MIT",
    "torch-c-dlpack-ext==0.1.5": "Apache-2.0",
    "torchaudio==2.11.0": "LicenseRef-BSD",
    "torchcodec==0.17.0": f"BSD-3-Clause AND {NVIDIA}",
    "torchvision==0.28.0": "LicenseRef-BSD",
    "triton==3.7.1": "MIT",
    "vllm==0.32.0": "Apache-2.0",
    "z3-solver==4.15.4.0": "MIT",
}
