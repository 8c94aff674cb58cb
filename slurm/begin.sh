# What every batch script of glane does before the work; sourced on the first node.
umask 077
if [[ -f /proc/self/fd/1 ]]; then chmod go-rwx /proc/self/fd/1; fi   # Slurm made it with the site's own permissions
if [[ -f /proc/self/fd/2 ]]; then chmod go-rwx /proc/self/fd/2; fi
source "$GLANE_ROOT/slurm/env.sh"

# `sbatch --export=NONE` would make srun start its tasks with nothing, too.
export SLURM_EXPORT_ENV=ALL
# Slurm 22.05 and later: srun does not take these from the job by itself.
if [[ -n ${SLURM_CPUS_PER_TASK:-} ]]; then export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK; fi
# Known to this job's processes only: the nodes find each other by it, and Ray asks for it.
GLANE_JOB_SECRET=$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n')
# srun's exit code is that of the worst node; the first node knows better whether the run is complete.
GLANE_EXIT_CODE_FILE=$(mktemp)
export GLANE_JOB=$SLURM_JOB_ID GLANE_JOB_SECRET GLANE_EXIT_CODE_FILE

# One task per node. A lost node ends neither the job nor the step, and a failed one does not pull the others down.
GLANE_SRUN=(--ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --no-kill --kill-on-bad-exit=0 --wait=0)
