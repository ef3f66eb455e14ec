import Testing

@testable import Assembly

@Suite struct PathPatternTests {
    @Test(arguments: [
        ("/usr/share/doc/**", "usr/share/doc/a/b", true),
        ("/usr/share/doc/**", "usr/share/doc", false),
        ("/usr/lib/**/*.a", "usr/lib/libc.a", true),
        ("/usr/lib/**/*.a", "usr/lib/x/y/libc.a", true),
        ("/usr/lib/**/*.a", "usr/lib/x/y/libc.ab", false),
        ("/usr/bin/*", "usr/bin/ls", true),
        ("/usr/bin/*", "usr/bin/x/ls", false),
        ("/usr/lib/*/libm*.so*", "usr/lib/aarch64-linux-gnu/libmvec.so.1", true),
        ("/etc/hosts", "etc/hosts", true),
        ("/etc/hosts", "etc/hosts2", false),
    ])
    func matches(pattern: String, path: String, expected: Bool) {
        #expect(PathPattern(pattern).matches(path) == expected)
    }

    @Test func keepWinsOverExclude() {
        let filter = PathFilter(exclude: ["/usr/share/**"], keep: ["/usr/share/zoneinfo/UTC"])
        #expect(filter.admits("usr/share/zoneinfo/UTC"))
        #expect(!filter.admits("usr/share/zoneinfo/CET"))
        #expect(filter.admits("usr/bin/ls"))
    }
}
