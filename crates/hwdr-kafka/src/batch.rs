//! Writes a batch of records, version 2 (`DefaultRecordBatch`, `DefaultRecord`).

/// A batch of records with keys and values, at a time in milliseconds since 1970.
pub(crate) fn batch(records: &[(Vec<u8>, Vec<u8>)], time: i64) -> Vec<u8> {
    let count = i32::try_from(records.len()).unwrap_or(i32::MAX);
    let mut body = Vec::new();
    body.extend(0_i16.to_be_bytes()); // attributes: not compressed, no transaction
    body.extend(count.saturating_sub(1).to_be_bytes());
    body.extend(time.to_be_bytes());
    body.extend(time.to_be_bytes());
    body.extend((-1_i64).to_be_bytes()); // no producer's id
    body.extend((-1_i16).to_be_bytes());
    body.extend((-1_i32).to_be_bytes());
    body.extend(count.to_be_bytes());
    for (place, (key, value)) in (0_i64..).zip(records) {
        let mut record = vec![0]; // attributes
        varint(&mut record, 0); // time
        varint(&mut record, place);
        for field in [key, value] {
            varint(&mut record, length(field));
            record.extend(field);
        }
        varint(&mut record, 0); // headers
        varint(&mut body, length(&record));
        body.extend(record);
    }
    let mut whole = Vec::new();
    whole.extend(0_i64.to_be_bytes());
    let rest = i32::try_from(body.len().saturating_add(9)).unwrap_or(i32::MAX);
    whole.extend(rest.to_be_bytes());
    whole.extend((-1_i32).to_be_bytes()); // leader epoch
    whole.push(2);
    whole.extend(crc32c(&body).to_be_bytes());
    whole.extend(body);
    whole
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).unwrap_or(0) | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or(0));
}

/// Castagnoli's checksum, bit by bit: the batches here are small.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::next;

    #[test]
    fn is_read_back() {
        let records: Vec<(Vec<u8>, Vec<u8>)> = (0..300)
            .map(|n: u32| (n.to_string().into_bytes(), vec![b'v'; usize::try_from(n).expect("small")]))
            .collect();
        let bytes = batch(&records, 1_700_000_000_000);
        let mut rest = &bytes[..];
        let read = next(&mut rest).expect("a batch").expect("a whole one").records().expect("records");
        assert!(rest.is_empty());
        let read: Vec<_> = read.into_iter().map(|one| (one.key.expect("a key"), one.value.expect("a value"))).collect();
        assert_eq!(read, records);
    }

    #[test]
    fn castagnoli() {
        // RFC 3720, appendix B.4, and the usual check value.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }
}
