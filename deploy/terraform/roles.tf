# What a pod may do in AWS: read and write the objects of one bucket, as one service account of one namespace.
locals {
  issuer   = trimprefix(aws_eks_cluster.main.identity[0].oidc[0].issuer, "https://")
  accounts = { services = aws_s3_bucket.main["batch"].arn, mlflow = aws_s3_bucket.main["mlflow"].arn }
}

data "aws_iam_policy_document" "pod" {
  for_each = local.accounts
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.cluster.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["system:serviceaccount:delivery-time:${each.key}"]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.accounts
  statement {
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [each.value]
  }
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${each.value}/*"]
  }
}

resource "aws_iam_role" "pod" {
  for_each           = local.accounts
  name               = "${local.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.pod[each.key].json
}

resource "aws_iam_role_policy" "bucket" {
  for_each = local.accounts
  name     = "bucket"
  role     = aws_iam_role.pod[each.key].id
  policy   = data.aws_iam_policy_document.bucket[each.key].json
}
