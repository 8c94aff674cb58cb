# What every batch script of glane does before the work; sourced on the first node.
umask 077
if [[ -f /proc/self/fd/1 ]]; then chmod go-rwx /proc/self/fd/1; fi   # Slurm made it with the site's own permissions
if [[ -f /proc/self/fd/2 ]]; then chmod go-rwx /proc/self/fd/2; fi

# What the job was submitted from may have left variables of its own. Cleared are those that srun reads, except where
# Slurm says the same of this job. All the job's memory and GPUs go to its step where none are asked for.
source "$GLANE_ROOT/slurm/variables.sh"
glane_facts=$(SLURM_TIME_FORMAT=standard scontrol show job --oneliner "$SLURM_JOB_ID" 2>/dev/null | grep "^JobId=$SLURM_JOB_ID ")
glane_facts=${glane_facts%% Command=*}
glane_own=
glane_keep_if() { if [[ -z $glane_facts || $glane_facts == *"$1"* ]]; then glane_own+=" ${*:2} "; fi; }
glane_keep_if " ArrayJobId=${SLURM_ARRAY_JOB_ID:-} " "${!SLURM_ARRAY_@}"
glane_keep_if " Restarts=${SLURM_RESTART_COUNT:-} " SLURM_RESTART_COUNT
glane_keep_if " CPUs/Task=${SLURM_CPUS_PER_TASK:-} " SLURM_CPUS_PER_TASK
glane_keep_if gres/gpu SLURM_GPUS_ON_NODE SLURM_JOB_GPUS
# In a shell of `srun --pty`, the resources of the job are those of that step: ours shares them.
if [[ ${SLURM_STEP_ID:-} =~ ^[0-9]+$ ]]; then glane_overlap=--overlap; else glane_overlap=; fi
glane_step_variable="@(${GLANE_STEP_VARIABLES//$'\n'/|})"
for glane_name in "${!SLURM_@}" "${!SRUN_@}"; do
    if [[ $glane_name == $glane_step_variable && $glane_own != *" $glane_name "* ]]; then unset "$glane_name"; fi
done

# When this job ends, in seconds since 1970, and the partitions with GPUs where it was given none: a container has no
# commands of Slurm, and cannot ask itself.
GLANE_ENDS_AT=
if [[ $glane_facts =~ .*\ EndTime=([0-9]+-[0-9-]+T[0-9:]+) ]]; then
    GLANE_ENDS_AT=$(date +%s --date="${BASH_REMATCH[1]}" 2>/dev/null)
fi
GLANE_GPU_PARTITIONS=
if [[ $glane_facts != *" TRES="*gres/gpu* ]]; then
    GLANE_GPU_PARTITIONS=$(sinfo --noheader --all --format="%R %G" 2>/dev/null | grep " .*gpu" | cut -d " " -f 1 | sort -u)
fi
# In an salloc, this script may run on a login node: the nodes meet at the first of them then.
GLANE_IS_INTERACTIVE= GLANE_FIRST_ADDRESS=
if [[ $glane_facts == *" BatchFlag=0 "* ]]; then
    GLANE_IS_INTERACTIVE=yes
    glane_first=$(scontrol show hostnames "${SLURM_JOB_NODELIST:-}" 2>/dev/null | head -n 1)
    glane_address=$(scontrol show node --oneliner "$glane_first" 2>/dev/null | grep -o " NodeAddr=[^ ]*" | cut -d = -f 2)
    GLANE_FIRST_ADDRESS=$(getent ahostsv4 "${glane_address:-$glane_first}" 2>/dev/null | head -n 1 | cut -d " " -f 1)
fi
# The nodes may connect to each other, and to nothing else: by their names, and by the addresses that Slurm knows. The names
# are told where a site hides what Slurm knows of its nodes (PrivateData), or Slurm does not answer.
GLANE_NODES=
if [[ ${SLURM_NNODES:-1} -gt 1 ]]; then
    GLANE_NODES=$({
        scontrol show hostnames "$SLURM_JOB_NODELIST"
        scontrol show node --oneliner "$SLURM_JOB_NODELIST" | grep -oE "Node(Name|Addr|HostName)=[^ ]+" | cut -d = -f 2
    } 2>/dev/null | sort -u)
fi
export GLANE_NODES=${GLANE_NODES//$'\n'/,}
export GLANE_IS_INTERACTIVE GLANE_FIRST_ADDRESS GLANE_ENDS_AT GLANE_GPU_PARTITIONS=${GLANE_GPU_PARTITIONS//$'\n'/,}

# The site's file, and the lines of shell in it; see site_example.yaml.
export GLANE_SITE=${GLANE_SITE:-$GLANE_ROOT/slurm/site.yaml}
if [[ -r $GLANE_SITE ]]; then
    eval "$(sed -n '/^environment: |/,/^[^ ]/{/^environment: |/d;/^[^ ]/d;s/^  //;p}' "$GLANE_SITE")"
else
    unset GLANE_SITE
fi
source "$GLANE_ROOT/slurm/env.sh"

# `sbatch --export=NONE` would make srun start its tasks with nothing, too.
export SLURM_EXPORT_ENV=ALL
# Slurm 22.05 and later: srun does not take these from the job by itself. One core is what Slurm tells where none was
# asked for: the step has all of the job's then.
if [[ ${SLURM_CPUS_PER_TASK:-1} -gt 1 ]]; then export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK; fi
# Known to this job's processes only: the nodes find each other by it, and Ray asks for it.
GLANE_JOB_SECRET=$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n')
# srun's exit code is that of the worst node; the first node knows better whether the run is complete.
# It lies in the folder of the job where it can: a container may have a /tmp of its own.
GLANE_EXIT_CODE_FILE=$(mktemp "$PWD/.glane-$SLURM_JOB_ID-XXXXXXXX" 2>/dev/null) || GLANE_EXIT_CODE_FILE=$(mktemp)
export GLANE_JOB=$SLURM_JOB_ID GLANE_JOB_SECRET GLANE_EXIT_CODE_FILE

# One task per node. A lost node ends neither the job nor the step, and a failed one does not pull the others down.
GLANE_SRUN=(--ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --no-kill --kill-on-bad-exit=0 --wait=0
    ${glane_overlap:+"$glane_overlap"})
