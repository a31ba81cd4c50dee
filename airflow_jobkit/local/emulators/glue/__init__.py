"""AWS Glue's jobs and job runs: answers that fit botocore's service model, and scripts that really run."""
