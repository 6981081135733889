output "bucket" {
  value = aws_s3_bucket.main["batch"].id
}

output "mlflow_bucket" {
  value = aws_s3_bucket.main["mlflow"].id
}

output "services_role" {
  value = aws_iam_role.pod["services"].arn
}

output "mlflow_role" {
  value = aws_iam_role.pod["mlflow"].arn
}

output "database_host" {
  value = aws_db_instance.main.address
}

output "database_password" {
  description = "For the role delivery_time, to be made with it (docs/deploy.md)."
  value       = random_password.database.result
  sensitive   = true
}

output "queue_host" {
  value = aws_elasticache_replication_group.queue.primary_endpoint_address
}

output "queue_password" {
  value     = random_password.queue.result
  sensitive = true
}

output "cluster" {
  value = aws_eks_cluster.main.name
}
