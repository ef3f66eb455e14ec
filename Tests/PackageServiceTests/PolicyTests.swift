import Packages
import Testing

@testable import amos_pkgd

/// What is refused, and in which words.
@Suite struct PolicyTests {
    static let id = PackageID("com.example.notes")!

    struct Refusal: Sendable {
        let package: @Sendable () -> TestPackage
        let words: String
    }

    @Test(arguments: [
        Refusal(package: { TestPackage(architecture: .x86_64) }, words: "is made for x86_64"),
        Refusal(package: { TestPackage(apiLevel: 99) }, words: "needs API level 99"),
        Refusal(package: { TestPackage(kind: .extension_) }, words: "only the manufacturer"),
        Refusal(package: { TestPackage(id: "org.amos.home") }, words: "belongs to the system"),
        Refusal(
            package: {
                TestPackage(change: { $0.dependencies = [.init([.init(PackageID("org.other.tool")!)])] })
            }, words: "org.other.tool"),
    ])
    func packagesAreRefused(refusal: Refusal) throws {
        let disk = SimulatedDisk()
        let engine = try TestEngine.on(disk)
        #expect(try reason { try engine.install(refusal.package()) }.contains(refusal.words))
        #expect(engine.current == .empty && disk.filesOfPackages == 0)
    }

    @Test func nothingComesInWhereSideloadingIsDenied() throws {
        let engine = try TestEngine.on(SimulatedDisk(), .denied)
        #expect(try reason { try engine.install(TestPackage()) }.contains("repositories only"))
    }

    @Test func anIDSticksToItsKeyAsLongAsItsDataIsKept() throws {
        let engine = try TestEngine.on(SimulatedDisk())
        let stranger = TestPackage(code: 9, kind: .app, key: 1)
        try engine.install(TestPackage(code: 2, kind: .app))
        #expect(try reason { try engine.install(stranger) }.contains("another key"))
        try engine.remove(Self.id, keepsData: true)
        #expect(try reason { try engine.install(stranger) }.contains("another key"))
        // Nor does the owner get by with what cannot read the data.
        #expect(try reason { try engine.install(TestPackage(code: 1, kind: .app)) }.contains("older 1"))
        try engine.remove(Self.id, keepsData: false)
        try engine.install(stranger)
        #expect(engine.current[Self.id]?.versionCode == 9)
    }

    @Test func goingBackNeedsAWord() throws {
        let engine = try TestEngine.on(SimulatedDisk())
        try engine.install(TestPackage(code: 5))
        #expect(try reason { try engine.install(TestPackage(code: 4)) }.contains("adb install -d"))
        try engine.install(TestPackage(code: 4), .downgrade)
        #expect(engine.current[Self.id]?.versionCode == 4)
    }

    @Test func whatOthersNeedStays() throws {
        let engine = try TestEngine.on(SimulatedDisk())
        try engine.install(TestPackage())
        try engine.install(
            TestPackage(id: "org.other.tool", change: { $0.dependencies = [.init([.init(Self.id)])] }))
        #expect(try reason { try engine.remove(Self.id, keepsData: true) }.contains("org.other.tool"))
        let enemy = TestPackage(id: "org.other.enemy", change: { $0.conflicts = [.init(Self.id)] })
        #expect(try !reason { try engine.install(enemy) }.isEmpty)
        #expect(engine.current.packages.count == 2)
    }

    @Test func whatIsReplacedGoes() throws {
        let engine = try TestEngine.on(SimulatedDisk())
        try engine.install(TestPackage())
        try engine.install(TestPackage(id: "org.other.tool", change: { $0.replaces = [.init(Self.id)] }))
        #expect(engine.current.packages.map(\.id.text) == ["org.other.tool"])
    }

    @Test func everyChangedByteIsFound() throws {
        let bytes = try TestPackage().bytes
        for offset in [0, 9, 40, 70, 200, bytes.count - 8192 - 4096 + 900, bytes.count - 1] {
            let disk = SimulatedDisk()
            let engine = try TestEngine.on(disk)
            var changed = bytes
            changed[offset] ^= 1
            #expect(try !reason { try engine.install(changed) }.isEmpty, "\(offset)")
            #expect(engine.current == .empty && disk.filesOfPackages == 0, "\(offset)")
        }
    }

    /// Empty: it was not refused.
    private func reason(_ body: () throws -> Void) throws -> String {
        do {
            try body()
            return ""
        } catch let error as PackageError {
            return error.description
        }
    }
}

extension SimulatedDisk {
    var filesOfPackages: Int {
        [StoreFolder.incoming, .payloads, .manifests].map { (try? names(in: $0).count) ?? -1 }.reduce(0, +)
    }
}
