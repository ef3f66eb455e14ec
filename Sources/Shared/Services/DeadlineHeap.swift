/// At most one deadline per index, in a binary heap that knows where each index stands: setting, moving and
/// clearing cost O(log n), and nothing stale piles up however often a service restarts.
struct DeadlineHeap: Sendable {
    private var times: [UInt64]
    /// Position in `heap`; −1: not set.
    private var positions: [Int32]
    private var heap: [Int32] = []

    init(count: Int) {
        times = [UInt64](repeating: 0, count: count)
        positions = [Int32](repeating: -1, count: count)
    }

    var earliest: UInt64? { heap.isEmpty ? nil : times[Int(heap[0])] }

    var capacity: Int { heap.capacity }

    func isSet(_ index: Int) -> Bool { positions[index] >= 0 }

    func time(of index: Int) -> UInt64? { isSet(index) ? times[index] : nil }

    mutating func set(_ index: Int, _ time: UInt64) {
        times[index] = time
        if positions[index] < 0 {
            positions[index] = Int32(heap.count)
            heap.append(Int32(index))
        }
        siftUp(Int(positions[index]))
        siftDown(Int(positions[index]))
    }

    mutating func clear(_ index: Int) {
        let position = Int(positions[index])
        guard position >= 0 else { return }
        positions[index] = -1
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        positions[Int(last)] = Int32(position)
        siftUp(position)
        siftDown(Int(positions[Int(last)]))
    }

    /// Takes the earliest index whose time has come.
    mutating func popDue(_ now: UInt64) -> Int? {
        guard let earliest, earliest <= now else { return nil }
        let index = Int(heap[0])
        clear(index)
        return index
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (Int(heap[left]), Int(heap[right]))
        // Ties in index order: a run must not depend on the heap's history.
        return times[a] < times[b] || times[a] == times[b] && a < b
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        positions[Int(heap[left])] = Int32(left)
        positions[Int(heap[right])] = Int32(right)
    }

    private mutating func siftUp(_ start: Int) {
        var position = start
        while position > 0, isBefore(position, (position - 1) / 2) {
            swap(position, (position - 1) / 2)
            position = (position - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var position = start
        while true {
            var smallest = position
            for child in [2 * position + 1, 2 * position + 2]
            where child < heap.count && isBefore(child, smallest) { smallest = child }
            guard smallest != position else { return }
            swap(position, smallest)
            position = smallest
        }
    }
}
