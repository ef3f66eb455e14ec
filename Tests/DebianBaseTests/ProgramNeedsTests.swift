import Foundation
import HostSystem
import Testing

@testable import DebianBase

struct ProgramNeedsTests {
    /// binutils' readelf is the referee, on programs that every Debian machine has.
    @Test(arguments: ["/usr/bin/dpkg-deb", "/usr/bin/apt-get", "/bin/sh", "/usr/bin/tar"])
    func dependenciesAreThoseThatReadelfSees(program: String) throws {
        guard case .binary(let file) = try ProgramFile.read(program) else {
            Issue.record("\(program) is no ELF file")
            return
        }
        let text = try Tool("readelf", package: "binutils").check(
            ["-W", "-d", "-l", program], environment: ["LC_ALL": "C"]
        ).text
        func between(_ start: String, _ end: Character) -> [String] {
            text.components(separatedBy: start).dropFirst().map { String($0.prefix { $0 != end }) }
        }
        #expect(file.needed == between("Shared library: [", "]"))
        #expect(file.interpreter == between("interpreter: ", "]").first)
        #expect(!file.needed.isEmpty)
    }

    @Test func damagedFilesAreReadWithinTheirBounds() throws {
        let bytes = Array(try #require(FileManager.default.contents(atPath: "/usr/bin/dpkg-deb")))
        for count in stride(from: 0, to: min(bytes.count, 8192), by: 7) {
            _ = Array(bytes.prefix(count)).withUnsafeBytes { ELFFile($0) }
        }
        for place in 0..<1024 {
            var changed = bytes
            changed[place] = 0xFF
            _ = changed.withUnsafeBytes { ELFFile($0) }
        }
        #expect(Array(bytes.prefix(40)).withUnsafeBytes { ELFFile($0) } == nil)
    }

    @Test(arguments: [
        ("#!/bin/sh\necho", ProgramFile.script(interpreter: "/bin/sh", argument: nil)),
        ("#! /usr/bin/env -S perl -w\n", .script(interpreter: "/usr/bin/env", argument: "-S perl -w")),
        ("#!", .other), ("echo", .other), ("", .other),
    ])
    func scriptsNameTheirInterpreter(text: String, expected: ProgramFile) {
        #expect(Array(text.utf8).withUnsafeBytes { ProgramFile($0) } == expected)
    }

    @Test func whatIsMissingIsNamedWithItsPackage() throws {
        var tree = PathResolver()
        for path in ["usr/lib/libthere.so.1", "usr/bin/env", "usr/bin/python3", "opt/x/libown.so"] {
            tree.add(path)
        }
        tree.add("lib", target: "usr/lib")
        tree.add("bin", target: "usr/bin")
        tree.add("usr/lib/loop.so", target: "loop.so")
        let program = TestFile.elf(
            interpreter: "/lib/ld-linux.so.1",
            needed: ["libthere.so.1", "libown.so", "libz.so.1", "loop.so"],
            runpath: "$ORIGIN/../x")
        #expect(program.withUnsafeBytes { ELFFile($0) }?.searchPaths == ["$ORIGIN/../x"])
        func file(_ bytes: [UInt8]) -> ProgramFile { bytes.withUnsafeBytes { ProgramFile($0) } }
        let missing = ProgramNeeds(tree: tree).missing([
            ("opt/y/program", file(program)),
            ("usr/bin/a", file(Array("#!/bin/sh\n".utf8))),
            ("usr/bin/b", file(Array("#!/bin/env python3\n".utf8))),
            ("usr/bin/c", file(Array("#!/usr/bin/env perl\n".utf8))),
        ])
        #expect(
            missing.map { "\($0.path) \($0.needed) \($0.package ?? "-")" } == [
                "opt/y/program /lib/ld-linux.so.1 -", "opt/y/program libz.so.1 libz1",
                "opt/y/program loop.so -",
                "usr/bin/a /bin/sh -", "usr/bin/c perl -",
            ])
    }

    @Test(arguments: [
        ("libz.so.1", "libz1"), ("libpcre2-8.so.0", "libpcre2-8-0"), ("libdb-5.3.so", nil),
        ("libfoo_bar.so.2.1", "libfoo-bar2.1"), ("program", nil),
    ])
    func librariesBelongToPackages(library: String, package: String?) {
        #expect(ProgramNeeds.debianName(ofLibrary: library) == package)
    }
}
