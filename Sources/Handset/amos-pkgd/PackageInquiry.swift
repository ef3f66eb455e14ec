import Bridge
import LinuxSystem
import PackageSignatures
import Packages
import Wire

/// A request that brings no package: what it changes, and the document that answers it.
struct PackageInquiry<Sealer: FileSealer> {
    typealias Engine = PackageEngine<FileStore<Sealer>, HandsetCryptography>

    private let engine: Engine
    private let request: PackageServiceRequest

    init(_ engine: Engine, _ request: PackageServiceRequest) {
        (self.engine, self.request) = (engine, request)
    }

    private var isDry: Bool { has(PackageServiceRequest.changesNothing) }

    private func has(_ flag: UInt16) -> Bool { request.flags & flag != 0 }

    func document() throws(PackageError) -> [UInt8] {
        if request.operation != .repair, let damage = engine.damage { throw damage }
        switch request.operation {
        case .uninstall, .rollback, .hold, .unhold, .pin, .autoremove: return try change()
        case .collectGarbage:
            return PackageDocuments.removed(try engine.collectGarbage(isDry: isDry), isDry: isDry)
        case .repair: return try repair()
        default: return try look()
        }
    }

    // MARK: Looking

    private func look() throws(PackageError) -> [UInt8] {
        switch request.operation {
        case .show:
            let package = try installed()
            return PackageDocuments.details(package, try engine.head(of: package).manifest)
        case .verify: return PackageDocuments.findings(engine.verify().map { ($0.package.id, $0.problem) })
        case .history: return PackageDocuments.history(try engine.history())
        case .why: return try why()
        case .difference: return try difference()
        default: return PackageDocuments.list(engine.current.packages)
        }
    }

    private func why() throws(PackageError) -> [UInt8] {
        let package = try installed()
        let needs = try engine.needs()
        return PackageDocuments.why(
            package, way: needs.why(package.id), dependents: needs.dependents(of: package.id))
    }

    private func difference() throws(PackageError) -> [UInt8] {
        let words = Array(request.argument.utf8).split(separator: 0x20)
        var sets: [Generation] = []
        for word in words {
            guard let number = Decimal.number(word) else {
                throw .policy("'" + request.argument + "' is no number of a set")
            }
            sets.append(try engine.set(number))
        }
        guard let older = sets.first, sets.count <= 2 else {
            throw .policy("which sets? `amosctl pkg history` lists them")
        }
        let newer = sets.count == 2 ? sets[1] : engine.current
        return PackageDocuments.change(from: older, to: newer, isDry: false)
    }

    // MARK: Changing

    private func change() throws(PackageError) -> [UInt8] {
        let before = engine.current
        let after = try wanted()
        // A set that says the same is no new one.
        let isChange = !after.changes(since: before).isEmpty || !after.marks(since: before).isEmpty
        let losesClaim = after.claims.count != before.claims.count
        guard isChange || losesClaim else {
            return PackageDocuments.change(from: before, to: before, isDry: isDry)
        }
        if !isDry {
            try engine.commit(after)
            Output.say("set " + String(after.number) + " is installed")
        }
        return PackageDocuments.change(from: before, to: after, isDry: isDry)
    }

    private func wanted() throws(PackageError) -> Generation {
        switch request.operation {
        case .rollback: return try engine.rollback(to: setNumber())
        case .autoremove: return try engine.autoremoval()
        case .hold: return try engine.marking(id(), .held)
        case .unhold: return try engine.marking(id(), .unheld)
        case .pin: return try engine.marking(id(), .pinned(range()))
        default: return try engine.removal(of: id(), keepsData: has(PackageServiceRequest.keepsData))
        }
    }

    private func repair() throws(PackageError) -> [UInt8] {
        let repair = try engine.repair(
            removesBroken: has(PackageServiceRequest.removesBroken), isDry: isDry)
        for package in repair.packages { Output.say("<4>" + package.id.text + ": " + package.problem) }
        return PackageDocuments.repair(repair, isDry: isDry)
    }

    // MARK: What the request names

    private func id() throws(PackageError) -> PackageID {
        guard let id = PackageID(request.package) else {
            throw .policy("'" + request.package + "' is no package; `amosctl pkg list` shows what is here")
        }
        return id
    }

    private func installed() throws(PackageError) -> Generation.Package {
        let id = try id()
        guard let package = engine.current[id] else { throw .unknownPackage(id) }
        return package
    }

    private func setNumber() throws(PackageError) -> UInt64? {
        if request.argument.utf8.isEmpty { return nil }
        guard let number = Decimal.number(Array(request.argument.utf8)[...]) else {
            throw .policy(
                "'" + request.argument + "' is no number of a set; `amosctl pkg history` lists them")
        }
        return number
    }

    /// nil: any version.
    private func range() throws(PackageError) -> VersionRange? {
        guard let range = VersionRange(request.argument) else {
            throw .policy("'" + request.argument + "' is not " + VersionRange.grammar)
        }
        return range.isAny ? nil : range
    }
}
