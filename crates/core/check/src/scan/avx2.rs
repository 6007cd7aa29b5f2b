//! Masks by AVX2: 32 bytes at a time, on x86-64 processors since about 2013.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_setr_epi64x, _mm256_sub_epi8,
};

use tidewaiter_schema::compile::Letters;

use super::{BLOCK, Masks, Work, portable, positions};

/// True if this processor can run it.
#[inline]
pub(super) fn is_there() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// Does some work with it, where it is there.
#[inline]
pub(super) fn run(delimiter: u8, work: impl Work) {
    if is_there() {
        #[expect(unsafe_code, reason = "the processor was asked whether it has these features")]
        // SAFETY: `is_there` is true for every feature that the function is compiled with; that is all it asks for.
        unsafe {
            run_here(delimiter, work);
        }
    } else {
        portable::run(delimiter, work);
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_here(delimiter: u8, work: impl Work) {
    let masks = |block: &[u8; BLOCK]| {
        let halves = halves(block);
        Masks::of(delimiter, |byte| equal(halves, _mm256_set1_epi8(byte.cast_signed())))
    };
    let letters = |block: &[u8; BLOCK]| {
        let (low, high) = halves(block);
        let are = |byte: u8| equal((low, high), _mm256_set1_epi8(byte.cast_signed()));
        let case = _mm256_set1_epi8(0x20);
        let small = (_mm256_or_si256(low, case), _mm256_or_si256(high, case));
        Letters {
            words: within(small, b'a', b'z') | within((low, high), b'0', b'9'),
            ats: are(b'@'),
            dots: are(b'.'),
            hyphens: are(b'-'),
            others: are(b'_') | are(b'+'),
        }
    };
    work.run(masks, positions, letters);
}

/// Where the bytes between two are.
#[target_feature(enable = "avx2")]
#[inline]
fn within((low, high): (__m256i, __m256i), first: u8, last: u8) -> u64 {
    let (first, span) =
        (_mm256_set1_epi8(first.cast_signed()), _mm256_set1_epi8((last - first).cast_signed()));
    let mask = |bytes| {
        let above = _mm256_sub_epi8(bytes, first);
        let is_within = _mm256_cmpeq_epi8(_mm256_min_epu8(above, span), above);
        u64::from(_mm256_movemask_epi8(is_within).cast_unsigned())
    };
    mask(high) << 32 | mask(low)
}

/// A block as two vectors. The compiler makes two loads of it.
#[target_feature(enable = "avx2")]
#[inline]
fn halves(block: &[u8; BLOCK]) -> (__m256i, __m256i) {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<8>().0) {
        *word = i64::from_le_bytes(*bytes);
    }
    let [low @ .., _, _, _, _] = words;
    let [_, _, _, _, high @ ..] = words;
    (vector(low), vector(high))
}

#[target_feature(enable = "avx2")]
#[inline]
fn vector([a, b, c, d]: [i64; 4]) -> __m256i {
    _mm256_setr_epi64x(a, b, c, d)
}

#[target_feature(enable = "avx2")]
#[inline]
fn equal((low, high): (__m256i, __m256i), wanted: __m256i) -> u64 {
    let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)).cast_unsigned();
    let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)).cast_unsigned();
    u64::from(high) << 32 | u64::from(low)
}
