import Packages
import Testing

@Suite struct PolicyCodingTests {
    static var sample: InstallPolicy {
        var policy = InstallPolicy(
            sideload: .developerMode, architecture: .arm64, reserved: [SampleManifest.id("org.amos")])
        policy.offersDeveloperMode = true
        policy.publishers = [GenerationTests.digest(3), GenerationTests.digest(7)]
        policy.floors = [.init(id: SampleManifest.id("com.example.notes"), versionCode: 7)]
        return policy
    }

    @Test func comesBackAsItWas() throws {
        #expect(try InstallPolicy(decoding: Self.sample.encode()) == Self.sample)
        let plain = InstallPolicy(sideload: .denied, architecture: .any)
        #expect(try InstallPolicy(decoding: plain.encode()) == plain)
    }

    @Test func everyChangedOrMissingByteIsRefused() {
        let bytes = Self.sample.encode()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: PackageError.self, "byte \(index)") { try InstallPolicy(decoding: changed) }
            #expect(throws: PackageError.self) { try InstallPolicy(decoding: Array(bytes[..<index])) }
        }
        #expect(throws: PackageError.self) { try InstallPolicy(decoding: bytes + [0]) }
    }
}
