using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using RaftStream.Hosting.Security;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Security;

/// <summary>Who asks, by tokens and certificates in files that change.</summary>
[TestFixture]
internal sealed class AccessControlTests
{
    private TemporaryFolder _folder = null!;
    private FakeTimeProvider _time = null!;
    private SaidLines _said = null!;

    [SetUp]
    public void SetUp() => (_folder, _time, _said) = (new(), new(DateTimeOffset.UtcNow), new());

    [TearDown]
    public void TearDown()
    {
        _said.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void WithoutTokensAndAuthoritiesEverybodyMayDoEverything()
    {
        var access = Open(new());
        Assert.That((access.IsOpen, access.Authenticate("anything"u8), access.OfCertificate(null)), Is.EqualTo((true, Principal.Anyone, Principal.Anyone)));
        Assert.That(Principal.Anyone.May(AccessRole.Admin), Is.True);
    }

    [Test]
    public void ATokenIsWhoItsLineSaysAndNothingElseIsAnybody()
    {
        var file = _folder.File("tokens");
        var (reader, admin) = (TokenFile.Add(file, "dashboard", AccessRole.Read), TokenFile.Add(file, "operator", AccessRole.Admin));
        var access = Open(new() { TokensFile = file });
        Assert.That(access.IsOpen, Is.False);
        Assert.That(Ask(access, reader), Is.EqualTo(new Principal("dashboard", AccessRole.Read)));
        Assert.That(Ask(access, admin), Is.EqualTo(new Principal("operator", AccessRole.Admin)));
        foreach (var wrong in new[] { "", reader[..^1], reader + "a", reader.ToUpperInvariant(), AccessToken.Create(), AccessToken.HashOf(reader), new string('a', 100_000) })
            Assert.That(Ask(access, wrong), Is.Null, wrong[..Math.Min(50, wrong.Length)]);
        Assert.That(access.OfCertificate(null), Is.Null);
        Assert.That(File.ReadAllText(file), Does.Not.Contain(reader).And.Not.Contain(admin));
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void AChangedFileIsReadAgainAndABrokenOneKeepsTheOldAndIsSaidOnce()
    {
        var file = _folder.File("tokens");
        var first = TokenFile.Add(file, "first", AccessRole.Write);
        var access = Open(new() { TokensFile = file });
        var second = TokenFile.Add(file, "second", AccessRole.Read);
        Assert.That(Ask(access, second), Is.Null, "it is not looked at all the time");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Ask(access, second), Is.EqualTo(new Principal("second", AccessRole.Read)));

        TokenFile.Revoke(file, "first");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Ask(access, first), Is.Null);

        File.AppendAllText(file, second + "\n");
        for (var look = 0; look < 3; look++)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            Assert.That(Ask(access, second)?.Name, Is.EqualTo("second"));
        }

        Assert.That(_said.Warnings, Has.Length.EqualTo(1));
        Assert.That(_said.Warnings[0], Does.Contain("Line 2 of").And.Not.Contain(second), "a token that stands there by mistake is not told");
    }

    [TestCase("a b", "Line 1")]
    [TestCase("a owner 00", "Line 1")]
    [TestCase("# fine\n\na read 00", "Line 3")]
    [TestCase("ä read e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "Line 1")]
    [TestCase("a read e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\na write e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "'a' a second time")]
    public void AFileThatIsWrongFromTheStartIsRefusedWithItsLine(string text, string part)
    {
        var file = _folder.Write("tokens", text);
        Assert.That(() => Open(new() { TokensFile = file }), Throws.TypeOf<ReplicaException>().With.Message.Contains(part).And.Message.Contains(file));
    }

    [TestCase("read", AccessRole.Read)]
    [TestCase("write", AccessRole.Write)]
    [TestCase("admin", AccessRole.Admin)]
    [TestCase("emperor", AccessRole.None)]
    [TestCase(null, AccessRole.None)]
    public void ACertificateOfTheAuthorityMayDoWhatItsUriSays(string? role, object expected)
    {
        var (authority, foreign) = (new ClientAuthority(_folder.Path, "clients"), new ClientAuthority(_folder.Path, "foreign"));
        var server = authority.Server();
        var access = Open(new() { Tls = new() { CertificateFile = server.Certificate, KeyFile = server.Key, AuthorityFile = authority.AuthorityFile } });
        using var good = X509CertificateLoader.LoadCertificateFromFile(authority.Client("alice", role).Certificate);
        using var expired = X509CertificateLoader.LoadCertificateFromFile(authority.Client("alice", role, TimeSpan.FromHours(-1)).Certificate);
        using var other = X509CertificateLoader.LoadCertificateFromFile(foreign.Client("alice", role).Certificate);
        using var shownToClients = X509CertificateLoader.LoadCertificateFromFile(server.Certificate);
        Assert.That(access.OfCertificate(good), Is.EqualTo(new Principal("certificate:alice", (AccessRole)expected)));
        Assert.That((access.IsOpen, access.OfCertificate(expired), access.OfCertificate(other), access.OfCertificate(shownToClients), access.OfCertificate(null)), Is.EqualTo((false, (Principal?)null, (Principal?)null, (Principal?)null, (Principal?)null)));
    }

    [Test]
    public void AConnectionForgetsWhoItIsWithTheTokenAndWithTheCertificate()
    {
        var (file, authority) = (_folder.File("tokens"), new ClientAuthority(_folder.Path, "clients"));
        var (token, server) = (TokenFile.Add(file, "first", AccessRole.Write), authority.Server());
        var access = Open(new() { TokensFile = file, Tls = new() { CertificateFile = server.Certificate, KeyFile = server.Key, AuthorityFile = authority.AuthorityFile } });
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(authority.Client("alice", "read", TimeSpan.FromHours(1)).Certificate);
        var connection = new ConnectionIdentity(access, () => certificate, _time);
        for (var request = 0; request < 3; request++)
        {
            Assert.That(connection.Of(Encoding.UTF8.GetBytes(token))?.Name, Is.EqualTo("first"));
            Assert.That(connection.Of("wrong"u8), Is.Null);
            Assert.That(connection.OfConnection()?.Role, Is.EqualTo(AccessRole.Read));
        }

        TokenFile.Revoke(file, "first");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(connection.Of(Encoding.UTF8.GetBytes(token)), Is.Null, "revoked");
        _time.Advance(TimeSpan.FromHours(1));
        Assert.That(connection.OfConnection(), Is.Null, "run out");
    }

    private static Principal? Ask(AccessControl access, string token) => access.Authenticate(Encoding.UTF8.GetBytes(token));

    private AccessControl Open(ClientSecurity security)
    {
        var settings = new RaftStreamOptions { Data = _folder.File("data") }.ToSettings() with { Security = security };
        return new(settings, new(settings, _time, _said.For<ClientCertificates>()), _time, _said.For<AccessControl>());
    }
}
