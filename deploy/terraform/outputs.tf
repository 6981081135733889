output "region" {
  value = var.region
}

output "cidr" {
  value = var.cidr
}

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

output "database_passwords" {
  description = "Of the roles that own the databases, of Grafana's and of each service's, to be made with them (docs/aws.md)."
  value       = { for role, password in random_password.database : role => password.result }
  sensitive   = true
}

output "database_master_secret" {
  description = "Where the Secrets Manager keeps the master account's user name and password."
  value       = aws_db_instance.main.master_user_secret[0].secret_arn
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

output "release_role" {
  description = "For the variable AWS_ROLE of the environment production on GitHub."
  value       = one(aws_iam_role.release[*].arn)
}
