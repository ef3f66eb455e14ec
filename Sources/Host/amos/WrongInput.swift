import Assembly
import DebianBase
import DeviceSpec
import DiskImage
import Packaging
import Repository

/// The person named something that is not there or not of the right kind.
struct WrongInput: Error, CustomStringConvertible {
    let message: String

    var description: String { message }

    /// Whether the modules' own errors blame a file or a name that the person gave: repeating the command
    /// unchanged cannot help, which is what a script wants to know.
    static func isCause(of error: any Error) -> Bool {
        switch error {
        case is WrongInput, is AmosHome.Failure: true
        case let error as DeviceTemplate.Failure:
            if case .cannotWrite = error { false } else { true }
        case let error as AppTemplate.Failure:
            if case .cannotWrite = error { false } else { true }
        case let error as SigningKeyError:
            switch error {
            case .notAKey, .wrongKind, .badName, .alreadyThere, .notFound, .readableByOthers: true
            case .cryptography, .system: false
            }
        case let error as DebianError:
            switch error {
            case .lockSyntax, .notLocked, .lockedOtherwise, .badStoreArchive, .unknownPackages: true
            default: false
            }
        case let error as PackagingError:
            switch error {
            case .badFile, .noFiles, .package: true
            case .key(let error): isCause(of: error)
            case .image, .system: false
            }
        case let error as RepositoryError:
            switch error {
            case .notEmpty, .notARepository, .delegates, .noKey, .noRole, .notThatRolesKey, .tooFewKeys,
                .badTargetPath, .badPackage:
                true
            default: false
            }
        default: false
        }
    }
}
