/// Files that tests make byte by byte.
enum TestFile {
    /// A 64-bit program with nothing but what the dynamic linker reads.
    static func elf(interpreter: String, needed: [String], runpath: String) -> [UInt8] {
        func little(_ value: Int, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(value >> (8 * $0) & 0xFF) }
        }
        var strings: [UInt8] = [0]
        func place(_ text: String) -> Int {
            defer { strings += Array(text.utf8) + [0] }
            return strings.count
        }
        var pairs = needed.map { (1, place($0)) } + [(29, place(runpath))]
        let interpreterPlace = place(interpreter)
        let base = 64 + 3 * 56
        let dynamicSize = (pairs.count + 2) * 16
        pairs += [(5, 0x10000 + base + dynamicSize), (0, 0)]
        let end = base + dynamicSize + strings.count
        var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + Array(repeating: 0, count: 9)
        file += little(3, 2) + little(183, 2) + little(1, 4) + little(0, 8) + little(64, 8) + little(0, 8)
        file += little(0, 4) + little(64, 2) + little(56, 2) + little(3, 2) + little(0, 6)
        for (type, offset, size) in [
            (1, 0, end), (2, base, dynamicSize),
            (3, base + dynamicSize + interpreterPlace, interpreter.utf8.count + 1),
        ] {
            file += little(type, 4) + little(4, 4) + little(offset, 8) + little(0x10000 + offset, 8)
            file += little(0, 8) + little(size, 8) + little(size, 8) + little(8, 8)
        }
        for (tag, value) in pairs { file += little(tag, 8) + little(value, 8) }
        return file + strings
    }
}
