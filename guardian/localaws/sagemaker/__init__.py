"""What SageMaker has beyond moto: Studio, jobs and endpoints that live on the local clock."""
