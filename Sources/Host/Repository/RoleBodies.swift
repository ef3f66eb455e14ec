import DiskImage
import Foundation
import HostSystem
import Trust
import Wire

// What a repository's owner writes, in the fields of the TUF specification (section 4).

struct KeyBody: Codable, Equatable {
    var keytype = "ed25519"
    var scheme = "ed25519"
    var keyval: [String: String]

    init(_ key: VerifyingKey) {
        keyval = ["public": key.bytes.map { String(format: "%02x", $0) }.joined()]
    }
}

struct RootBody: RoleBody {
    struct Role: Codable {
        var keyids: [String]
        var threshold: Int
    }

    static let type = "root"
    var _type = Self.type
    var spec_version = roleSpecification
    var version = 1
    var expires: String
    var consistent_snapshot = true
    var keys: [String: KeyBody] = [:]
    var roles: [String: Role] = [:]
}

struct FileBody: Codable, Equatable {
    /// Metadata files only.
    var version: Int?
    var length: Int64
    var hashes: [String: String]
}

struct TargetsBody: RoleBody {
    static let type = "targets"
    var _type = Self.type
    var spec_version = roleSpecification
    var version = 0
    var expires: String
    var targets: [String: FileBody] = [:]
    /// Not ours to write.
    var delegations: Delegations?

    struct Delegations: Codable {}
}

struct SnapshotBody: RoleBody {
    static let type = "snapshot"
    var _type = Self.type
    var spec_version = roleSpecification
    var version = 0
    var expires: String
    var meta: [String: FileBody] = [:]
}

struct TimestampBody: RoleBody {
    enum CodingKeys: String, CodingKey {
        case _type, spec_version, version, expires, meta
        case issued = "x-amos-issued"
    }

    static let type = "timestamp"
    var _type = Self.type
    var spec_version = roleSpecification
    var version = 0
    var expires: String
    var meta: [String: FileBody] = [:]
    /// Moves the floor of time of devices without a clock.
    var issued: String
}

let roleSpecification = "1.0.31"

private struct RoleEnvelope<Body: Codable>: Codable {
    var signed: Body
}

protocol RoleBody: Codable {
    static var type: String { get }
    var version: Int { get set }
    var expires: String { get set }
}

extension RoleBody {
    /// What signatures are over, and what is written: canonical JSON is JSON as long as no text has control
    /// characters, and ours have none.
    func canonical() throws -> [UInt8] {
        let json = try JSONParser.parse([UInt8](try JSONEncoder().encode(self)).span, memberLimit: .max)
        guard let bytes = CanonicalJSON.encode(json) else {
            preconditionFailure("a role without a canonical form")
        }
        return bytes
    }

    /// The whole document, signed by these keys.
    func signed(by keys: [SigningKey]) throws -> [UInt8] {
        let message = try canonical()
        var json = JSONWriter()
        json.beginArray()
        for key in keys {
            json.beginObject()
            json.field("keyid", try key.verifying.tufID())
            json.field("sig", try key.sign(message).map { String(format: "%02x", $0) }.joined())
            json.endObject()
        }
        json.endArray()
        return Array("{\"signatures\":".utf8) + json.bytes + Array(",\"signed\":".utf8) + message + [
            0x7d, 0x0a,
        ]
    }

    static func read(_ bytes: [UInt8]) throws -> Self {
        try JSONDecoder().decode(RoleEnvelope<Self>.self, from: Data(bytes)).signed
    }
}

extension VerifyingKey {
    /// SHA-256 of the key's canonical form (specification 4.2).
    func tufID() throws -> String {
        let json = try JSONParser.parse([UInt8](try JSONEncoder().encode(KeyBody(self))))
        guard let bytes = CanonicalJSON.encode(json) else { preconditionFailure("a key is texts only") }
        return SHA256Digest.of(bytes).description
    }
}
