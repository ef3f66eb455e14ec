/// What a person wants, and what is there: the solver's input besides the universe.
public struct SolverRequest: Sendable {
    public enum Goal: Sendable, Equatable {
        /// There must be a release within this range, the newest that is possible; an id that only others
        /// provide is satisfied by one of those.
        case install(PackageID, VersionRange, allowsDowngrade: Bool)
        case remove(PackageID)
        /// As new as possible; what is not named stays as it is unless it must move.
        case upgrade(PackageID)
        case upgradeAll
    }

    public struct Installed: Sendable {
        public var id: PackageID
        public var versionCode: UInt64
        public var isRequested: Bool
        public var isHeld: Bool
        public var pin: VersionRange?

        public init(
            id: PackageID, versionCode: UInt64, isRequested: Bool, isHeld: Bool = false,
            pin: VersionRange? = nil
        ) {
            self.id = id
            self.versionCode = versionCode
            self.isRequested = isRequested
            self.isHeld = isHeld
            self.pin = pin
        }

        public init(_ package: Generation.Package) {
            self.init(
                id: package.id, versionCode: package.versionCode, isRequested: package.reason == .requested,
                isHeld: package.isHeld, pin: package.pin)
        }
    }

    /// Nothing below this code is installed, whoever asks.
    public struct Floor: Sendable, Equatable {
        public var id: PackageID
        public var versionCode: UInt64

        public init(id: PackageID, versionCode: UInt64) {
            self.id = id
            self.versionCode = versionCode
        }
    }

    /// Half a second on a build machine. A search that takes longer has met a knot that nobody unties by
    /// waiting.
    public static let usualStepLimit = 200_000_000
    /// Terms of clauses, each some 50 bytes with what refers to it. Installing 10,000 packages at once takes
    /// about a tenth of this; a handset with little memory sets less.
    public static let usualTermLimit = 1_000_000

    public var goals: [Goal]
    /// Each of them must be in the universe.
    public var installed: [Installed]
    public var floors: [Floor] = []
    public var architecture: PackageManifest.Architecture
    public var apiLevel: UInt64
    public var stepLimit = SolverRequest.usualStepLimit
    public var termLimit = SolverRequest.usualTermLimit

    public init(
        goals: [Goal], installed: [Installed], architecture: PackageManifest.Architecture, apiLevel: UInt64
    ) {
        self.goals = goals
        self.installed = installed
        self.architecture = architecture
        self.apiLevel = apiLevel
    }
}

/// Why there is no solution.
public enum SolverFailure: Error, Sendable {
    /// There is none; the sentences say why, in the person's own terms.
    case impossible([String])
    /// The search was given up after this many steps, without knowing whether there is a solution.
    case tooHard(steps: Int)
    case notInstalled(PackageID)
    /// The universe lacks what the request calls installed.
    case installedIsUnknown(PackageID, code: UInt64)
}

extension SolverFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .impossible(let sentences):
            var text = ""
            for sentence in sentences { text += (text.utf8.isEmpty ? "" : "\n") + sentence }
            return text
        case .tooHard(let steps):
            return "gave up after " + String(steps) + " steps: too many packages exclude one another; "
                + "ask for fewer things at once, or name versions"
        case .notInstalled(let id): return id.text + " is not installed; `amosctl pkg list` shows what is"
        case .installedIsUnknown(let id, let code):
            return "the manifest of the installed " + id.text + " (version code " + String(code)
                + ") is missing; `amosctl pkg repair` gets it again"
        }
    }
}

/// A set of packages that fulfils a request.
public struct Solution: Sendable {
    public struct Package: Sendable, Equatable {
        public let id: PackageID
        /// Its number in the universe.
        public let release: Int
        public let version: PackageVersion
        public let versionCode: UInt64
        /// Somebody asked for it, now or earlier, or for what it replaces.
        public let isRequested: Bool
    }

    /// Everything that is there afterwards, sorted by id.
    public let packages: [Package]
    /// How much work it was (see `SolverRequest.stepLimit`).
    public let steps: Int

    public subscript(id: PackageID) -> Package? {
        var low = 0
        var high = packages.count
        while low < high {
            let middle = (low + high) / 2
            if packages[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < packages.count && packages[low].id == id ? packages[low] : nil
    }
}
