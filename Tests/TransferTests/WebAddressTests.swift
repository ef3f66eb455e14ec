import Testing

@testable import Transfer

@Suite struct WebAddressTests {
    @Test(arguments: [
        ("http://example.com", "http://example.com:80", "example.com", "/"),
        ("HTTPS://Example.COM/a?b#c", "https://example.com:443", "example.com", "/a?b"),
        ("https://h:8443/x", "https://h:8443", "h:8443", "/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080", "[::1]:8080", "/x"),
        ("http://[2001:db8::1]", "http://[2001:db8::1]:80", "[2001:db8::1]", "/"),
        ("http://h?q", "http://h:80", "h", "/?q"), ("http://h:/x", "http://h:80", "h", "/x"),
    ])
    func partsAreFound(text: String, origin: String, host: String, path: String) throws {
        let address = try WebAddress(text)
        #expect(address.origin == origin && address.hostField == host && address.path == path)
    }

    @Test(arguments: [
        "", "example.com", "ftp://h/", "http://", "http:///x", "http://h:0/", "http://h:65536/",
        "http://h:x/", "http://u@h/", "http://u:p@h/", "http://h/ x", "http://h/\r\nX: y", "http://h/\u{e9}",
        "http://[::1/", "http://h]/", "http://a%41/", "http://h:80:80/",
        "http://h/" + String(repeating: "x", count: 2000), "http://" + String(repeating: "h", count: 254),
    ])
    func othersAreRefused(text: String) {
        #expect(throws: TransferError.self) { try WebAddress(text) }
    }

    @Test(arguments: [
        ("/x", "https://h:1/x"), ("x", "https://h:1/a/x"), ("?q", "https://h:1/a/?q"),
        ("//other/y", "https://other:443/y"), ("https://z/", "https://z:443/"), ("x/y", "https://h:1/a/x/y"),
    ])
    func redirectionsLead(location: String, expected: String) throws {
        let target = try WebAddress("https://h:1/a/b?c").redirected(to: location)
        #expect(target.origin + target.path == expected)
    }

    @Test(arguments: ["http://h:1/", "HTTP://h/", "javascript:x", "file:///etc", ""])
    func redirectionsDoNotLeadOut(location: String) throws {
        #expect(throws: TransferError.self) {
            try WebAddress("https://h:1/a").redirected(to: location)
        }
    }

    @Test(arguments: [
        ("127.0.0.1", false), ("10.1.2.3", false), ("172.16.0.1", false), ("172.32.0.1", true),
        ("192.168.1.1", false), ("169.254.1.1", false), ("100.64.0.1", false), ("0.0.0.0", false),
        ("224.0.0.1", false), ("255.255.255.255", false), ("8.8.8.8", true), ("93.184.216.34", true),
        ("::1", false), ("::", false), ("fe80::1", false), ("fc00::1", false), ("fd12:3456::1", false),
        ("ff02::1", false), ("::ffff:127.0.0.1", false), ("::ffff:8.8.8.8", true),
        ("64:ff9b::10.0.0.1", false), ("64:ff9b::8.8.8.8", true), ("2001:db8::1", false),
        ("2002:a00:1::", false), ("2606:2800:220:1:248:1893:25c8:1946", true),
    ])
    func addressesAreSorted(text: String, isPublic: Bool) throws {
        #expect(try #require(NetworkAddress(text)).isPublic == isPublic)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", "a.b.c.d", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "12345::", "::1.2.3", "1:2:3:4:5:6:7:8:", "g::", "1.2.3.4::",
    ])
    func rubbishIsNoAddress(text: String) { #expect(NetworkAddress(text) == nil) }

    @Test func proxiesAreRead() throws {
        let proxy = try #require(ProxySettings("http://u:p@proxy:3128/", except: "localhost, .example.com"))
        #expect(proxy.host == "proxy" && proxy.port == 3128 && proxy.credentials == "u:p@")
        #expect(try proxy.isUsed(for: WebAddress("http://example.org/")))
        #expect(try !proxy.isUsed(for: WebAddress("http://localhost/")))
        #expect(try !proxy.isUsed(for: WebAddress("https://a.example.com/")))
        #expect(try proxy.isUsed(for: WebAddress("https://example.com.org/")))
        #expect(ProxySettings("proxy with space:1") == nil && ProxySettings("") == nil)
    }
}
