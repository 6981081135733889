data "aws_caller_identity" "here" {}

# Two buckets, as everywhere: batch files, and MLflow's artifacts. Their names must be free in all of AWS.
resource "aws_s3_bucket" "main" {
  for_each = { batch = "", mlflow = "-mlflow" }
  bucket   = "${local.name}${each.value}-${data.aws_caller_identity.here.account_id}-${var.region}"
}

resource "aws_s3_bucket_public_access_block" "main" {
  for_each                = aws_s3_bucket.main
  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "main" {
  for_each = aws_s3_bucket.main
  bucket   = each.value.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "aws:kms" }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_versioning" "mlflow" {
  bucket = aws_s3_bucket.main["mlflow"].id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = aws_s3_bucket.main
  bucket   = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [each.value.arn, "${each.value.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# Parts of uploads that nobody completed cost money and show nowhere.
resource "aws_s3_bucket_lifecycle_configuration" "batch" {
  bucket = aws_s3_bucket.main["batch"].id
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = 7 }
  }
  dynamic "rule" {
    for_each = { results = var.temporary_days, reports = var.report_days }
    content {
      id     = "old-${rule.key}"
      status = "Enabled"
      filter { prefix = "${rule.key}/" }
      expiration { days = rule.value }
    }
  }
}

# What MLflow has overwritten or deleted can be got back for so long.
resource "aws_s3_bucket_lifecycle_configuration" "mlflow" {
  bucket = aws_s3_bucket.main["mlflow"].id
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration { noncurrent_days = var.temporary_days }
    abort_incomplete_multipart_upload { days_after_initiation = 7 }
  }
}
