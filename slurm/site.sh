# Puts what the site's file says where sbatch finds it, once per shell:  . slurm/site.sh
# Variables that are set already stay, and options of sbatch overrule all of them.
export GLANE_SITE=${GLANE_SITE:-$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")" && pwd)/site.yaml}
glane_site_value() {
    sed -n "s/^$1:[[:space:]]*//p" "$GLANE_SITE" |
        sed -e 's/[[:space:]]*\(#.*\)*$//' -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/" -e 's/^\(null\|~\)$//'
}
if [ -r "$GLANE_SITE" ]; then
    export SBATCH_PARTITION="${SBATCH_PARTITION:-$(glane_site_value partition)}"
    export SBATCH_ACCOUNT="${SBATCH_ACCOUNT:-$(glane_site_value account)}"
    export SBATCH_QOS="${SBATCH_QOS:-$(glane_site_value qos)}"
    export SBATCH_CONSTRAINT="${SBATCH_CONSTRAINT:-$(glane_site_value constraint)}"
    export SBATCH_TIMELIMIT="${SBATCH_TIMELIMIT:-$(glane_site_value time)}"
    [ -n "$SBATCH_PARTITION" ] || unset SBATCH_PARTITION
    [ -n "$SBATCH_ACCOUNT" ] || unset SBATCH_ACCOUNT
    [ -n "$SBATCH_QOS" ] || unset SBATCH_QOS
    [ -n "$SBATCH_CONSTRAINT" ] || unset SBATCH_CONSTRAINT
    [ -n "$SBATCH_TIMELIMIT" ] || unset SBATCH_TIMELIMIT
else
    echo "$GLANE_SITE cannot be read: copy slurm/site_example.yaml there, or set GLANE_SITE" >&2
fi
