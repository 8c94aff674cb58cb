# What the compute nodes need: adapt this file to your site. Sourced by the batch scripts, on the first node.
#
# Modules. Kernels are compiled on the nodes: a C compiler and Python's headers must be there. No CUDA: the packages bring
# CUDA 13.0, and the NVIDIA driver of the nodes must be release 580 or later.
#   module purge
#   module load python/3.11 gcc/12
#
# Fast local disks and shared caches. What engines compile is kept by default, without a line here, in TMPDIR or /tmp, in a
# folder of yours that all your jobs on a node share; what is set here (VLLM_CACHE_ROOT, TRITON_CACHE_DIR, …) holds instead.
#   export TMPDIR=/local/$SLURM_JOB_ID
#   export HF_HOME=/shared/models/huggingface
#
# Monitoring and accounts (docs/site.md): the folder of node_exporter's textfile collector, and the site's file of jobs.
#   export GLANE_METRICS_DIR=/var/lib/node_exporter/textfile
#   export GLANE_SITE_LOG=/shared/glane/jobs.jsonl
#
# Python: the virtual environment that `make setup` made, or a container (see glane.def):
#   export GLANE_CONTAINER=/shared/containers/glane.sif
glane_bind=$GLANE_ROOT,$PWD  # what a container must see; add the folders of weights, documents and runs
if [[ ${TMPDIR:-/tmp} != /tmp ]]; then glane_bind+=,$TMPDIR; fi
if [[ -n ${GLANE_CONTAINER:-} ]]; then
    GLANE_PYTHON=(${GLANE_CONTAINER_COMMAND:-apptainer exec --nv --bind "$glane_bind"} "$GLANE_CONTAINER" python3)
else
    GLANE_PYTHON=("${GLANE_VENV:-$GLANE_ROOT/.venv}/bin/python3")  # a system has no "python"
fi
