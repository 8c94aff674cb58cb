# What runs Python on the compute nodes. Sourced by the batch scripts, on the first node, after the lines of shell of the
# site's file (site_example.yaml): modules, folders of caches and the container belong there.
#
# What engines compile goes to TMPDIR, into a folder of yours that all your jobs on a node share, unless
# VLLM_CACHE_ROOT, TRITON_CACHE_DIR and the like are set there.
#
# Python: the virtual environment that `make setup` made, or a container (see glane.def), if GLANE_CONTAINER names one.
glane_bind=$GLANE_ROOT,$PWD  # what a container must see; add the folders of weights, documents and runs
if [[ ${TMPDIR:-/tmp} != /tmp ]]; then glane_bind+=,$TMPDIR; fi
if [[ -n ${GLANE_CONTAINER:-} ]]; then
    GLANE_PYTHON=(${GLANE_CONTAINER_COMMAND:-apptainer exec --nv --bind "$glane_bind"} "$GLANE_CONTAINER" python3)
else
    GLANE_PYTHON=("${GLANE_VENV:-$GLANE_ROOT/.venv}/bin/python3")  # a system has no "python"
fi
