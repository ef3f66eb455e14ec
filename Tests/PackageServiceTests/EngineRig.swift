import HostSystem
import PackageSignatures
import Packages
import Packaging

@testable import amos_pkgd

typealias TestEngine = PackageEngine<SimulatedDisk, HandsetCryptography>

extension PackageEngine where Store == SimulatedDisk, Crypto == HandsetCryptography {
    static func on(
        _ disk: SimulatedDisk, _ sideload: InstallPolicy.Sideload = .allowed
    ) throws -> TestEngine {
        let policy = InstallPolicy(
            sideload: sideload, architecture: .arm64, reserved: [PackageID("org.amos")!])
        let engine = TestEngine(disk, HandsetCryptography(), policy)
        try engine.recover()
        return engine
    }

    /// In pieces that end nowhere in particular.
    func install(_ bytes: [UInt8], _ options: InstallOptions = []) throws {
        let install = try beginInstall(size: UInt64(bytes.count), options)
        for start in stride(from: 0, to: bytes.count, by: 3000) {
            try install.receive(Array(bytes[start..<min(start + 3000, bytes.count)]).span)
        }
        _ = try install.finish()
    }

    func install(_ package: TestPackage, _ options: InstallOptions = []) throws {
        try install(try package.bytes, options)
    }

    func remove(_ id: PackageID, keepsData: Bool) throws {
        try commit(try removal(of: id, keepsData: keepsData))
    }

    /// Files that no set needs, after a collection that has nothing to do with faults.
    func leaks() throws -> [String] {
        try collectGarbage()
        let needed = StoreContents(of: try history())
        return try store.names(in: .incoming)
            + store.names(in: .payloads).filter { !needed.needsPayload(Digest256(hex: $0)!) }
            + store.names(in: .manifests).filter { !needed.needsManifest(Digest256(hex: $0)!) }
    }
}
