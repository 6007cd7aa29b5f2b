//! Masks by AVX-512: 64 bytes at a time, and the positions of all bits of a mask at once. On x86-64 processors since about
//! 2019, on many machines in the cloud.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m128i, __m512i, _mm512_add_epi32, _mm512_cmpeq_epi8_mask, _mm512_cmple_epu8_mask, _mm512_cvtepu8_epi32,
    _mm512_maskz_compress_epi8, _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_sub_epi8,
};

use tidewaiter_schema::compile::Letters;

use super::{BLOCK, Masks, Work, portable};

/// The number of each byte of a block.
#[expect(
    clippy::indexing_slicing,
    reason = "there are no iterators in constants, and a panic would be one of the compiler"
)]
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        numbers[at] = at as u8;
        at += 1;
    }
    numbers
};

/// True if this processor can run it.
pub(super) fn is_there() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi2")
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

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn run_here(delimiter: u8, work: impl Work) {
    let masks = |block: &[u8; BLOCK]| {
        let bytes: __m512i = bytemuck::cast(*block);
        Masks::of(delimiter, |byte| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed())))
    };
    let numbers: __m512i = bytemuck::cast(NUMBERS);
    let positions = |bits: u64, base: u32, room: &mut [u32; BLOCK]| {
        let found: [__m128i; 4] = bytemuck::cast(_mm512_maskz_compress_epi8(bits, numbers));
        let base = _mm512_set1_epi32(base.cast_signed());
        let mut left = bits.count_ones();
        for (sixteen, places) in found.into_iter().zip(room.as_chunks_mut::<16>().0) {
            *places = bytemuck::cast(_mm512_add_epi32(_mm512_cvtepu8_epi32(sixteen), base));
            if left <= 16 {
                break;
            }
            left -= 16;
        }
    };
    let letters = |block: &[u8; BLOCK]| {
        let bytes: __m512i = bytemuck::cast(*block);
        let are = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()));
        let within = |bytes: __m512i, first: u8, last: u8| {
            let above = _mm512_sub_epi8(bytes, _mm512_set1_epi8(first.cast_signed()));
            _mm512_cmple_epu8_mask(above, _mm512_set1_epi8((last - first).cast_signed()))
        };
        let small = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
        Letters {
            words: within(small, b'a', b'z') | within(bytes, b'0', b'9'),
            ats: are(b'@'),
            dots: are(b'.'),
            hyphens: are(b'-'),
            others: are(b'_') | are(b'+'),
        }
    };
    work.run(masks, positions, letters);
}
