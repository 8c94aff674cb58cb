# What the compute nodes need: adapt this file to your site. Sourced by the batch scripts, on the first node.
#
# Modules:
#   module purge
#   module load python/3.11 cuda/12.8
#
# Fast local disks and shared caches. What engines compile goes to TMPDIR, into a folder of yours that all your jobs on a
# node share, unless VLLM_CACHE_ROOT, TRITON_CACHE_DIR and the like are set here:
#   export TMPDIR=/local/$SLURM_JOB_ID
#   export HF_HOME=/shared/models/huggingface
#
# Monitoring and accounts (docs/site.md): the folder of node_exporter's textfile collector, and the site's file of jobs.
#   export GLANE_METRICS_DIR=/var/lib/node_exporter/textfile
#   export GLANE_SITE_LOG=/shared/glane/jobs.jsonl
#
# Python: the virtual environment that `make setup` made, or a container (see glane.def):
#   export GLANE_CONTAINER=/shared/containers/glane.sif
if [[ -n ${GLANE_CONTAINER:-} ]]; then
    GLANE_PYTHON=(${GLANE_CONTAINER_COMMAND:-apptainer exec --nv --bind "$GLANE_ROOT,$PWD"} "$GLANE_CONTAINER" python3)
else
    GLANE_PYTHON=("${GLANE_VENV:-$GLANE_ROOT/.venv}/bin/python3")  # a system has no "python"
fi
