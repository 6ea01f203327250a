//! Copies an older version on top again, on the server.

use super::client::{Client, Copied, Error, Head, Problem};

/// S3's maximum for one call (CopyObject, API reference).
pub(crate) const LARGEST_COPY: u64 = 5 << 30;

/// The size of a part if the source's own is unknown.
const PART: u64 = 512 << 20;

/// S3's minimum for a part that is not the last (Amazon S3 multipart upload limits).
const SMALLEST_PART: u64 = 5 << 20;

/// Copies version `version` of `key` (`size` bytes, storage class `class`) on top, with metadata, tags, storage class and encryption.
/// More than `limit` bytes are copied in parts of the source's part size, so that the entity tag stays the same.
///
/// # Errors
/// If the copy failed. Parts of an unfinished copy are removed.
pub(crate) async fn put_on_top(
    client: &Client,
    key: &str,
    version: &str,
    size: u64,
    class: &str,
    limit: u64,
) -> Result<Copied, Error> {
    let head = client.head(key, version).await?;
    if head.get("x-amz-server-side-encryption-customer-algorithm").is_some() {
        return Err(Error {
            action: "s3:PutObject",
            bucket: client.bucket().to_owned(),
            key: Some(key.to_owned()),
            problem: Problem::Refused(
                400,
                "SSE-C".to_owned(),
                "it is encrypted with a key that only its owner has".to_owned(),
            ),
        });
    }
    let mut headers = head.storage();
    if !headers.iter().any(|(name, _)| name == "x-amz-storage-class") && !matches!(class, "" | "STANDARD") {
        headers.push(("x-amz-storage-class".to_owned(), class.to_owned()));
    }
    if size <= limit {
        return client.copy(key, version, headers).await;
    }
    headers.extend(head.description());
    let tags = client.tags(key, version).await?;
    if !tags.is_empty() {
        let text: Vec<String> =
            tags.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        headers.push(("x-amz-tagging".to_owned(), text.join("&")));
    }
    let part = part_size(client, key, version, size, &head, limit).await;
    let upload = client.begin_parts(key, headers).await?;
    let result = async {
        let mut etags = Vec::new();
        for (number, (from, to)) in (1..).zip(ranges(size, part)) {
            etags.push(client.copy_part(&upload, number, version, (from, to)).await?);
        }
        client.finish_parts(&upload, &etags).await
    }
    .await;
    if result.is_err() {
        // Leftover parts are billed; but why the copy failed matters more than that they could not be removed.
        let _ = client.abort_parts(&upload).await;
    }
    result
}

/// The source's own part size, if it has one that fits.
async fn part_size(client: &Client, key: &str, version: &str, size: u64, head: &Head, limit: u64) -> u64 {
    let fallback = PART.min(limit.max(SMALLEST_PART)).max(size.div_ceil(10_000));
    if !head.get("etag").is_some_and(|etag| etag.contains('-')) {
        return fallback;
    }
    let first = client.head_part(key, version, Some(1)).await.ok();
    let own =
        first.as_ref().and_then(|first| first.get("content-length")).and_then(|length| length.parse::<u64>().ok());
    match own {
        Some(own) if own > 0 && own <= LARGEST_COPY && size.div_ceil(own) <= 10_000 => own,
        _ => fallback,
    }
}

/// The bytes of each part, first and last.
fn ranges(size: u64, part: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..size)
        .step_by(usize::try_from(part.max(1)).unwrap_or(usize::MAX))
        .map(move |from| (from, from.saturating_add(part).min(size).saturating_sub(1)))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Whether readers see no difference between two versions of a key: bytes (by the entity tag), metadata and tags.
///
/// # Errors
/// If they cannot be read.
pub async fn same(client: &Client, key: &str, one: &str, other: &str) -> Result<bool, Error> {
    let (first, second) = (client.head(key, one).await?, client.head(key, other).await?);
    if first.get("etag") != second.get("etag")
        || first.description() != second.description()
        || first.storage() != second.storage()
    {
        return Ok(false);
    }
    // Servers report how many tags there are; without tags there is nothing to compare.
    let counted = |head: &Head| head.get("x-amz-tagging-count").map(str::to_owned);
    if counted(&first).is_none() && counted(&second).is_none() && !client.counts_no_tags() {
        return Ok(true);
    }
    Ok(client.tags(key, one).await? == client.tags(key, other).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_byte_once() {
        for (size, part) in [(1, 1), (10, 3), (9, 3), (5, 100)] {
            let all: Vec<_> = ranges(size, part).collect();
            assert_eq!(all[0].0, 0);
            assert_eq!(all.last().unwrap().1, size - 1);
            assert!(all.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
            assert!(all.iter().all(|(from, to)| to - from < part));
        }
    }
}
