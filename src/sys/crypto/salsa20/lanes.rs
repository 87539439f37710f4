//! The rounds of Salsa20, for one block or for as many as a vector has lanes: word `n` of every
//! block is in lane of its own of vector `n`.

/// A word of every block.
pub(super) trait Lanes: Copy {
    /// # Safety
    /// Like all here: the processor has what the type needs.
    unsafe fn add(self, other: Self) -> Self;
    /// # Safety
    /// See [`Lanes::add`].
    unsafe fn xor(self, other: Self) -> Self;
    /// To the left by `LEFT`, which is 32 less `RIGHT`.
    ///
    /// # Safety
    /// See [`Lanes::add`].
    unsafe fn rotate<const LEFT: i32, const RIGHT: i32>(self) -> Self;
}

impl Lanes for u32 {
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    unsafe fn rotate<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        self.rotate_left(LEFT.unsigned_abs())
    }
}

/// All 20 rounds: columns and rows in turn.
///
/// # Safety
/// See [`Lanes::add`].
#[inline(always)]
pub(super) unsafe fn double_rounds<L: Lanes>(x: &mut [L; 16]) {
    for _ in 0..10 {
        // SAFETY: as the caller promises.
        unsafe {
            quarter(x, 0, 4, 8, 12);
            quarter(x, 5, 9, 13, 1);
            quarter(x, 10, 14, 2, 6);
            quarter(x, 15, 3, 7, 11);
            quarter(x, 0, 1, 2, 3);
            quarter(x, 5, 6, 7, 4);
            quarter(x, 10, 11, 8, 9);
            quarter(x, 15, 12, 13, 14);
        }
    }
}

/// # Safety
/// See [`Lanes::add`].
#[inline(always)]
unsafe fn quarter<L: Lanes>(x: &mut [L; 16], a: usize, b: usize, c: usize, d: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        x[b] = x[b].xor(x[a].add(x[d]).rotate::<7, 25>());
        x[c] = x[c].xor(x[b].add(x[a]).rotate::<9, 23>());
        x[d] = x[d].xor(x[c].add(x[b]).rotate::<13, 19>());
        x[a] = x[a].xor(x[d].add(x[c]).rotate::<18, 14>());
    }
}
