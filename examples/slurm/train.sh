#!/bin/bash
# One model on two machines of four GPUs each:  sbatch examples/slurm/train.sh
# The run folder and the data must be where all machines see them. If the job is cut off, submit
# it again: it goes on after the last finished epoch.
#SBATCH --job-name=equiglass
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
set -euo pipefail

CONFIG=${CONFIG:-ka3d_train}
RUN=${RUN:-run}
RESUME=""
if [[ -f "$RUN/config.yaml" ]]; then RESUME="--resume"; fi

# One machine's first process is where the others meet.
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export OMP_NUM_THREADS=$((SLURM_CPUS_PER_TASK / 4))

srun python -m torch.distributed.run \
  --nnodes="$SLURM_NNODES" --nproc-per-node=4 \
  --rdzv-id="$SLURM_JOB_ID" --rdzv-backend=c10d --rdzv-endpoint="$HEAD:29500" \
  -m equiglass train "$CONFIG" -o "$RUN" --device gpu $RESUME
