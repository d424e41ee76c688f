// Package blob keeps objects in a bucket: a folder, an S3-compatible service or memory.
//
// Open takes a URL that says which:
//
//	file:///var/lib/millrace-cold        a folder, made if it does not exist
//	s3://bucket/prefix?region=eu-west-1  Amazon S3
//	s3://bucket?endpoint=http://host:9000&region=us-east-1&path_style=true   MinIO and the like
//	mem://                               this process' memory, gone with it
//
// Credentials are no part of a URL: they come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN and what else the AWS tools read.
//
// An object is whole or not there: Put makes it visible at its end, and only if all bytes came.
// What is wrong is a fault: NotFound (no such object or bucket), Denied (the credentials), Invalid (a
// key, a URL), Unavailable (everything that may be over later). All methods may be called concurrently;
// none tries for longer than its context allows.
package blob
