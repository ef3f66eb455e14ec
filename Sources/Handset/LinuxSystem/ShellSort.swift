extension Array {
    /// Sorts in place: not as fast for many elements as the standard library's, and a tenth of its code. What
    /// is sorted here are names in a directory and processes.
    mutating func shellSort(by precedes: (Element, Element) -> Bool) {
        var gap = count / 2
        while gap > 0 {
            for position in gap..<count {
                var hole = position
                while hole >= gap, precedes(self[hole], self[hole - gap]) {
                    swapAt(hole, hole - gap)
                    hole -= gap
                }
            }
            gap /= 2
        }
    }
}
