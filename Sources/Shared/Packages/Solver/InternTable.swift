/// An open-addressing table from hashes to places in somebody else's array: names, ranges and dependencies
/// are compared where they are stored, and no Dictionary with its random seed is needed.
struct InternTable: Sendable {
    /// Place + 1; 0 is free. A power of two long.
    private var slots: [Int32]
    private var used = 0

    init() { slots = [Int32](repeating: 0, count: 64) }

    /// The place of an equal element, if there is one.
    func find(_ hash: UInt64, _ isEqual: (Int) -> Bool) -> Int? {
        var slot = Self.first(hash, slots.count)
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if isEqual(place) { return place }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a place that `find` did not know; `hashOf` gives the hash of those before it as the table grows.
    mutating func insert(_ hash: UInt64, _ place: Int, hashOf: (Int) -> UInt64) {
        if (used + 1) * 2 > slots.count { grow(hashOf) }
        store(hash, Int32(place) + 1)
        used += 1
    }

    private mutating func grow(_ hashOf: (Int) -> UInt64) {
        let old = slots
        slots = [Int32](repeating: 0, count: old.count * 2)
        for entry in old where entry != 0 { store(hashOf(Int(entry) - 1), entry) }
    }

    private mutating func store(_ hash: UInt64, _ entry: Int32) {
        var slot = Self.first(hash, slots.count)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    private static func first(_ hash: UInt64, _ count: Int) -> Int {
        // The low bits of FNV are its weakest.
        Int(truncatingIfNeeded: hash ^ hash >> 32) & (count - 1)
    }
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits: equal in every run, and nothing here is exposed to crafted collisions
/// beyond the bound on steps.
struct FNVHash: Sendable {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

    mutating func add(_ number: UInt64) { value = (value ^ number) &* 0x100_0000_01b3 &+ number >> 47 }

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(0xff as UInt8)
    }

    mutating func add(_ version: PackageVersion) {
        add(version.major)
        add(version.minor)
        add(version.patch)
        if !version.preRelease.utf8.isEmpty { add(version.preRelease) }
    }

    mutating func add(_ bound: VersionRange.Bound?) {
        guard let bound else { return add(2 as UInt8) }
        add(bound.isInclusive ? 1 : 0 as UInt8)
        add(bound.version)
    }
}
