import PackageSignatures
import Packages
import Testing

@testable import amos_pkgd

/// What is broken on the disk, and what `pkg repair` makes of it.
@Suite struct RepairTests {
    static let id = PackageID("com.example.notes")!

    private func installed(_ packages: TestPackage...) throws -> (SimulatedDisk, TestEngine) {
        let disk = SimulatedDisk()
        let engine = try TestEngine.on(disk)
        for package in packages { try engine.install(package) }
        return (disk, engine)
    }

    @Test func nothingIsDoneWhereNothingIsBroken() throws {
        let (_, engine) = try installed(TestPackage())
        let repair = try engine.repair(removesBroken: true, isDry: false)
        #expect(repair.packages.isEmpty && repair.lostSets.isEmpty && engine.current.number == 1)
    }

    @Test func aLostSealIsPutBack() throws {
        let (disk, engine) = try installed(TestPackage())
        disk.unseal(.payloads)
        #expect(engine.verify().compactMap(\.problem).count == 1)
        let dry = try engine.repair(removesBroken: false, isDry: true)
        #expect(dry.packages.count == 1 && engine.verify().compactMap(\.problem).count == 1)
        #expect(
            try engine.repair(removesBroken: false, isDry: false).packages.map(\.outcome) == [.sealedAgain])
        #expect(engine.verify().compactMap(\.problem) == [])
    }

    @Test(arguments: [StoreFolder.payloads, .manifests])
    func whatIsLostComesBackWithItsPackage(folder: StoreFolder) throws {
        let (disk, engine) = try installed(TestPackage())
        disk.damage(folder)
        let repair = try engine.repair(removesBroken: false, isDry: false)
        #expect(repair.packages.map(\.outcome) == [.needsPackage])
        #expect(engine.current.packages.count == 1)
        try engine.install(TestPackage())
        #expect(engine.verify().compactMap(\.problem) == [])
        #expect(try engine.repair(removesBroken: false, isDry: false).packages.isEmpty)
    }

    @Test(arguments: [StoreFolder.payloads, .manifests])
    func whatStaysBrokenGoesWithWhatNeedsIt(folder: StoreFolder) throws {
        let (disk, engine) = try installed(TestPackage())
        disk.damage(folder)
        try engine.install(TestPackage())
        let app = TestPackage(
            id: "org.other.app", kind: .app, key: 1, change: { $0.dependencies = [.init([.init(Self.id)])] })
        try engine.install(app)
        disk.damage(folder, nameOf: engine.current[Self.id]!)
        let dry = try engine.repair(removesBroken: true, isDry: true)
        #expect(dry.after.packages.isEmpty && engine.current.packages.count == 2)
        let repair = try engine.repair(removesBroken: true, isDry: false)
        #expect(repair.packages.map(\.id.text).sorted() == ["com.example.notes", "org.other.app"])
        #expect(engine.current.packages.isEmpty)
        // Its data is still there.
        #expect(engine.current.claim(of: PackageID("org.other.app")!) != nil)
        #expect(engine.verify().isEmpty)
    }

    @Test func aDamagedSetGivesWayToTheOneBefore() throws {
        let (disk, _) = try installed(TestPackage(), TestPackage(code: 2))
        disk.damage(generation: 2)
        let engine = TestEngine(
            disk, HandsetCryptography(), InstallPolicy(sideload: .allowed, architecture: .arm64))
        #expect(throws: PackageError.self) { try engine.recover() }
        let damage = try #require(engine.damage)
        #expect(damage.description.contains("number 2 is damaged"))
        #expect(damage.description.contains("`amosctl pkg repair`"))
        for body in [
            { try engine.install(TestPackage(id: "org.other.tool")) },
            { try engine.commit(.empty) }, { _ = try engine.collectGarbage() },
            { _ = try engine.removal(of: Self.id, keepsData: true) },
        ] { #expect(throws: damage) { try body() } }
        #expect(try engine.repair(removesBroken: false, isDry: true).after.packages.count == 1)
        #expect(engine.damage != nil)
        let repair = try engine.repair(removesBroken: false, isDry: false)
        #expect(repair.lostSets == [2] && engine.damage == nil)
        #expect(engine.current.number == 3 && engine.current[Self.id]?.versionCode == 1)
        let after = try TestEngine.on(disk)
        #expect(after.current == engine.current && after.verify().compactMap(\.problem) == [])
        #expect(try after.leaks() == [])
    }

    @Test func whereNoSetIsLeftItBeginsAgain() throws {
        let (disk, _) = try installed(TestPackage())
        disk.damage(.generations)
        let engine = TestEngine(
            disk, HandsetCryptography(), InstallPolicy(sideload: .allowed, architecture: .arm64))
        #expect(throws: PackageError.self) { try engine.recover() }
        _ = try engine.repair(removesBroken: false, isDry: false)
        #expect(engine.current.packages.isEmpty && engine.current.number == 2)
        try engine.install(TestPackage())
        #expect(try TestEngine.on(disk).current.packages.count == 1)
    }

    @Test func anOldDamagedSetNoLongerStopsTheCollection() throws {
        let (disk, engine) = try installed(TestPackage(), TestPackage(code: 2))
        disk.damage(generation: 1)
        #expect(throws: PackageError.self) { try engine.collectGarbage() }
        #expect(try engine.repair(removesBroken: false, isDry: false).lostSets == [1])
        #expect(try engine.collectGarbage() == 0)
        #expect(try disk.names(in: .payloads).count == 1)
    }
}
