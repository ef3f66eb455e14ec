/// Which service a process id belongs to: open addressing with linear probing. Not a Dictionary, because
/// that hashes with a random seed, which would make boots differ by some instructions, and is ten times the
/// code.
struct ProcessTable: Sendable {
    /// 0 is no process id, so it marks a free slot.
    private var keys: [Int32] = [Int32](repeating: 0, count: 16)
    private var values: [Int32] = [Int32](repeating: 0, count: 16)
    private(set) var count = 0

    /// Slots, used or free.
    var capacity: Int { keys.count }

    subscript(process: Int32) -> Int? {
        let slot = find(process)
        return process > 0 && keys[slot] == process ? Int(values[slot]) : nil
    }

    mutating func insert(_ process: Int32, _ service: Int) {
        guard process > 0 else { return }
        // Half full at most: probes stay short.
        if 2 * (count + 1) > keys.count { grow() }
        let slot = find(process)
        if keys[slot] == 0 { count += 1 }
        keys[slot] = process
        values[slot] = Int32(service)
    }

    @discardableResult
    mutating func remove(_ process: Int32) -> Int? {
        guard let service = self[process] else { return nil }
        var hole = find(process)
        keys[hole] = 0
        count -= 1
        // Entries behind the hole that probed past it move up, or they would no longer be found.
        var slot = next(hole)
        while keys[slot] != 0 {
            let home = self.home(keys[slot])
            if (slot - home) & (keys.count - 1) >= (slot - hole) & (keys.count - 1) {
                keys[hole] = keys[slot]
                values[hole] = values[slot]
                keys[slot] = 0
                hole = slot
            }
            slot = next(slot)
        }
        return service
    }

    private func home(_ process: Int32) -> Int { Int(process) & (keys.count - 1) }

    private func next(_ slot: Int) -> Int { (slot + 1) & (keys.count - 1) }

    /// Where the key is, or the free slot where it belongs.
    private func find(_ process: Int32) -> Int {
        var slot = home(process)
        while keys[slot] != 0, keys[slot] != process { slot = next(slot) }
        return slot
    }

    private mutating func grow() {
        let old = (keys, values)
        keys = [Int32](repeating: 0, count: 2 * old.0.count)
        values = keys
        for index in old.0.indices where old.0[index] != 0 {
            let slot = find(old.0[index])
            keys[slot] = old.0[index]
            values[slot] = old.1[index]
        }
    }
}
