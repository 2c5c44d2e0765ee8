"""The seam to AWS: the only package that imports boto3 or botocore. Each adapter is one of guardian's ports."""
