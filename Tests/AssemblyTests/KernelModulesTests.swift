import DeviceSpec
import Foundation
import Testing

@testable import Assembly

@Suite struct ModuleInformationTests {
    @Test func readsWhatAModuleSays() throws {
        let bytes = moduleELF([
            "depends=jbd2,mbcache", "alias=fs-ext4", "softdep=pre: crc32c post: other", "license=GPL",
        ])
        let information = try #require(ModuleInformation(bytes))
        #expect(information.dependencies == ["jbd2", "mbcache"])
        #expect(information.aliases == ["fs-ext4"])
        #expect(information.softDependencies == ["crc32c"])
    }

    /// Whatever a file holds, reading it ends without a trap.
    @Test func anyDamageIsSurvived() {
        let bytes = moduleELF(["depends=a"])
        for length in 0..<bytes.count { _ = ModuleInformation(Array(bytes.prefix(length))) }
        for position in bytes.indices {
            for value in [0x00, 0x7f, 0x80, 0xff] as [UInt8] {
                var damaged = bytes
                damaged[position] = value
                // A number of eight bytes is only large when several of them are.
                for neighbour in position..<min(position + 8, bytes.count) { damaged[neighbour] = value }
                _ = ModuleInformation(damaged)
            }
        }
        #expect(ModuleInformation(Array("no module".utf8)) == nil)
    }

    @Test func cutsTheSignatureAndNothingElse() {
        let module = moduleELF(["depends="])
        let signature = [UInt8](repeating: 0x30, count: 300)
        let tail: [UInt8] = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 44]
        let signed = module + signature + tail + Array("~Module signature appended~\n".utf8)
        #expect(ModuleInformation.withoutSignature(signed) == module)
        #expect(ModuleInformation.withoutSignature(module) == module)
        // A length beyond the file is a lie.
        let lying = module + [255, 255, 255, 255] + Array("~Module signature appended~\n".utf8)
        #expect(ModuleInformation.withoutSignature(lying) == lying)
    }
}

@Suite struct KernelModulesTests {
    private let folder = TemporaryFolder()

    private func modules(_ information: [String: [String]]) throws -> KernelModules {
        var members: [PackageFixture.Member] = information.sorted { $0.key < $1.key }.map {
            .file("usr/lib/modules/6.12-test/kernel/\($0.key).ko", moduleELF($0.value), mode: 0o644)
        }
        members.append(
            .file(
                "usr/lib/modules/6.12-test/modules.builtin", Array("kernel/lib/crc16.ko\n".utf8), mode: 0o644)
        )
        return try KernelModules(package: PackageFixture("linux-image", members).unpacked(in: folder))
    }

    private func located(_ names: String...) -> [Located<String>] {
        names.map { Located($0, at: SourceLocation(file: "phone.yaml", line: 3, column: 7)) }
    }

    @Test func dependenciesComeFirstAndOnce() throws {
        let modules = try modules([
            "fs/ext4": ["depends=jbd2,mbcache", "softdep=pre: crc32c"], "fs/jbd2": ["depends=mbcache"],
            "fs/mbcache": ["depends="], "crypto/crc32c_generic": ["alias=crc32c"],
            "drivers/dm-verity": ["depends=dm-mod"], "drivers/dm-mod": [], "drivers/unused": [],
        ])
        #expect(modules.release == "6.12-test")
        let closure = try modules.closure(of: located("ext4", "dm-verity", "jbd2", "crc16"))
        #expect(
            closure.map(\.name) == ["crc32c_generic", "mbcache", "jbd2", "ext4", "dm_mod", "dm_verity"])
        #expect(closure.last?.path == "kernel/drivers/dm-verity.ko")
        let rest = try modules.closure(of: located("ext4"), excluding: ["jbd2", "crc32c_generic"])
        #expect(rest.map(\.name) == ["mbcache", "ext4"])
    }

    @Test func aCycleEnds() throws {
        let modules = try modules(["a": ["depends=b"], "b": ["depends=a"]])
        #expect(try modules.closure(of: located("a")).map(\.name) == ["b", "a"])
    }

    @Test func unknownNamesAreAllReportedWhereTheyStand() throws {
        let modules = try modules(["fs/ext4": [], "fs/erofs": []])
        #expect {
            _ = try modules.closure(of: located("ext5", "erosf"))
        } throws: { error in
            guard let list = error as? DiagnosticList else { return false }
            return list.diagnostics.compactMap(\.suggestion).sorted() == ["erofs", "ext4"]
                && list.diagnostics.allSatisfy { $0.location.line == 3 }
        }
    }

    @Test func aPackageWithoutModulesSaysSo() throws {
        let package = try PackageFixture("nano", []).unpacked(in: folder)
        #expect { _ = try KernelModules(package: package) } throws: { "\($0)".contains("kernel.package") }
    }
}
