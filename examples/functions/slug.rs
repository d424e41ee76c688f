// A function for SQL: slug('Hello Big World') = 'hello-big-world'. See docs/sql-functions.md.
//
//   rustc --target wasm32-unknown-unknown --crate-type cdylib -O slug.rs -o slug.wasm
//
//   CREATE FUNCTION slug AS 'slug(STRING) RETURNS STRING' LANGUAGE WASM USING JAR 'slug.wasm';

/// Makes room for the strings of a call.
#[no_mangle]
pub extern "C" fn alloc(size: usize) -> *mut u8 {
    std::mem::ManuallyDrop::new(Vec::<u8>::with_capacity(size)).as_mut_ptr()
}

/// Takes back what alloc gave, and what slug has returned.
///
/// # Safety
/// at and size are those of alloc or of an answer.
#[no_mangle]
pub unsafe extern "C" fn free(at: *mut u8, size: usize) {
    drop(Vec::from_raw_parts(at, 0, size))
}

/// Returns a text in lower case with hyphens between its words: its place and length in one number.
///
/// # Safety
/// The len bytes at at are UTF-8.
#[no_mangle]
pub unsafe extern "C" fn slug(at: *const u8, len: usize) -> u64 {
    let text = std::str::from_utf8_unchecked(std::slice::from_raw_parts(at, len));
    let words: Vec<&str> = text.split_whitespace().collect();
    let out = words.join("-").to_lowercase().into_bytes().into_boxed_slice();
    let len = out.len();
    (Box::into_raw(out) as *mut u8 as u64) << 32 | len as u64
}
