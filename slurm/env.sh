# What runs Python on the compute nodes. Sourced by the batch scripts, on the first node, after the lines of shell of the
# site's file (site_example.yaml): modules, folders of caches, the container and its folders belong there.
#
# What engines compile goes to cluster.kernel_cache_dir, or TMPDIR, into a folder of yours that all your jobs on a node
# share, unless VLLM_CACHE_ROOT, TRITON_CACHE_DIR and the like are set there.
#
# Python: the virtual environment that `make setup` made, or a container (see glane.def), if GLANE_CONTAINER names one.
# A container sees the repository, the folder that the job was submitted from, TMPDIR, and the folders of GLANE_BIND, a
# list with commas: SOURCE, or SOURCE:PLACE as apptainer takes it.
if [[ -n ${GLANE_CONTAINER:-} ]]; then
    glane_bind=$GLANE_ROOT,$PWD
    if [[ ${TMPDIR:-/tmp} != /tmp ]]; then glane_bind+=,$TMPDIR; fi
    IFS=, read -ra glane_folders <<<"${GLANE_BIND:-}"
    for glane_folder in "${glane_folders[@]}"; do
        # apptainer would not start at all with a folder that is not there.
        if [[ -e ${glane_folder%%:*} ]]; then
            glane_bind+=,$glane_folder
        else
            echo "warning: GLANE_BIND: there is no ${glane_folder%%:*} on this node; the container does without" >&2
        fi
    done
    GLANE_PYTHON=(${GLANE_CONTAINER_COMMAND:-apptainer exec --nv --bind "$glane_bind"} "$GLANE_CONTAINER" python3)
else
    GLANE_PYTHON=("${GLANE_VENV:-$GLANE_ROOT/.venv}/bin/python3")  # a system has no "python"
fi
