resource "random_password" "database" {
  for_each = toset([
    "delivery_time", "mlflow", "grafana", "delivery_time_gateway", "delivery_time_console", "delivery_time_scorer",
    "delivery_time_monitor", "delivery_time_trainer",
  ])
  length   = 40
  special  = false
}

resource "random_password" "queue" {
  length  = 40
  special = false
}

resource "aws_db_subnet_group" "main" {
  name       = local.name
  subnet_ids = aws_subnet.private[*].id
}

# The master account only makes the roles and databases of docs/aws.md; no service knows it.
resource "aws_db_instance" "main" {
  identifier                   = local.name
  engine                       = "postgres"
  engine_version               = "18"
  instance_class               = var.database_class
  allocated_storage            = 50
  max_allocated_storage        = 500
  storage_type                 = "gp3"
  storage_encrypted            = true
  multi_az                     = true
  db_subnet_group_name         = aws_db_subnet_group.main.name
  vpc_security_group_ids       = [aws_security_group.servers.id]
  publicly_accessible          = false
  username                     = "postgres"
  manage_master_user_password  = true
  backup_retention_period      = 14
  deletion_protection          = true
  final_snapshot_identifier    = "${local.name}-final"
  performance_insights_enabled = true
  auto_minor_version_upgrade   = true
  copy_tags_to_snapshot        = true
}

resource "aws_elasticache_subnet_group" "main" {
  name       = local.name
  subnet_ids = aws_subnet.private[*].id
}

# A queue must refuse new entries when it is full, never drop old ones.
resource "aws_elasticache_parameter_group" "queue" {
  name   = local.name
  family = "valkey8"
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

resource "aws_elasticache_replication_group" "queue" {
  replication_group_id       = local.name
  description                = "Queue of delivery-time"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.queue_class
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  parameter_group_name       = aws_elasticache_parameter_group.queue.name
  subnet_group_name          = aws_elasticache_subnet_group.main.name
  security_group_ids         = [aws_security_group.servers.id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  auth_token                 = random_password.queue.result
  snapshot_retention_limit   = 7
}
