import Testing
import Wire

struct CoreDumpTests {
    private func number(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    private func note(_ type: UInt64, _ data: [UInt8]) -> [UInt8] {
        number(5, 4) + number(UInt64(data.count), 4) + number(type, 4) + Array("CORE\0\0\0\0".utf8) + data
            + [UInt8](repeating: 0, count: (4 - data.count % 4) % 4)
    }

    /// `struct elf_prstatus` of arm64: 112 bytes, 34 registers, one flag.
    private func status(process: UInt64, firstRegister: UInt64) -> [UInt8] {
        var data = [UInt8](repeating: 0, count: 112)
        data.replaceSubrange(12..<14, with: number(11, 2))
        data.replaceSubrange(32..<36, with: number(process, 4))
        for index in 0..<34 { data += number(firstRegister + UInt64(index), 8) }
        return data + [UInt8](repeating: 0, count: 8)
    }

    private func core(_ notes: [UInt8]) -> [UInt8] {
        var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        header += number(4, 2) + number(183, 2) + number(1, 4) + number(0, 8) + number(64, 8) + number(0, 8)
        header += number(0, 4) + number(64, 2) + number(56, 2) + number(1, 2) + number(0, 6)
        let program =
            number(4, 4) + number(0, 4) + number(120, 8) + number(0, 16) + number(UInt64(notes.count), 8)
            + number(0, 16)
        return header + program + notes
    }

    private var notes: [UInt8] {
        let signal =
            number(11, 4) + number(0, 4) + number(1, 4) + number(0, 4) + number(0xdead, 8)
            + [UInt8](repeating: 0, count: 104)
        let files =
            number(2, 8) + number(4096, 8) + number(0x1000, 8) + number(0x3000, 8) + number(0, 8)
            + number(0x3000, 8) + number(0x4000, 8) + number(2, 8) + Array("/usr/bin/a\0/usr/lib/b.so\0".utf8)
        return note(1, status(process: 77, firstRegister: 0x3000)) + note(0x5349_4749, signal)
            + note(0x4649_4c45, files) + note(1, status(process: 78, firstRegister: 1))
    }

    @Test func readsWhyAndWhere() throws {
        let dump = try CoreDump(start: core(notes))
        #expect(dump.signal == 11 && dump.signalCode == 1 && dump.faultAddress == 0xdead)
        #expect(dump.processID == 77)
        #expect(dump.registers.count == 34)
        #expect(dump.registers[30].name == "lr" && dump.registers[32].name == "pc")
        #expect(dump.registers[32].value == 0x3020)
        let place = try #require(dump.location(of: 0x3020))
        #expect(place.path == "/usr/lib/b.so" && place.offset == 0x2020)
        #expect(dump.location(of: 0x4000) == nil)
    }

    /// The dump is shaped by the program that died: cut anywhere and changed anywhere, it is read or refused.
    @Test func survivesEveryCutAndEveryFlip() {
        let whole = core(notes)
        for length in 0..<whole.count { _ = try? CoreDump(start: Array(whole.prefix(length))) }
        for index in whole.indices {
            for value: UInt8 in [0x00, 0x7f, 0x80, 0xff] {
                var changed = whole
                changed[index] = value
                if let dump = try? CoreDump(start: changed) { _ = dump.location(of: 0x3020) }
            }
        }
        #expect(throws: WireError.self) { _ = try CoreDump(start: Array(whole.prefix(63))) }
    }

    @Test func reportsAreBoundedAndSortByTime() throws {
        var report = CrashReport(
            program: "/usr/bin/a", service: "demo", processID: 77, signal: 11, unixSeconds: 1_700_000_000,
            core: try CoreDump(start: core(notes)), logLines: (0..<100).map { "line \($0)" })
        let text = String(decoding: report.text, as: UTF8.self)
        #expect(
            text.hasPrefix(
                "program /usr/bin/a\nservice demo\nprocess 77\nsignal 11 SIGSEGV code 1 address 0xdead\n"))
        #expect(text.contains("  pc 0x3020 /usr/lib/b.so+0x2020\n"))
        #expect(text.contains("line 99") && text.contains("line 60") && !text.contains("line 59"))
        #expect(report.fileName == "001700000000-77.txt")
        report.logLines = [String(repeating: "x", count: 100_000)]
        #expect(report.text.count == CrashReport.byteLimit)
    }
}
