using System.CommandLine;
using System.Net.Http.Headers;
using RaftStream.Client;
using RaftStream.Client.Connections;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Node.Commands;

/// <summary>Who a command is to the nodes, and which nodes it believes.</summary>
internal sealed class ClientAccess
{
    private const string TokenVariable = "RAFTSTREAM_TOKEN";
    private const string AuthorityVariable = "RAFTSTREAM_SERVER_CA";

    /// <summary>The file with the token; none on the command line, where every process of the machine could read it.</summary>
    public static readonly Option<string?> TokenFile = new("--token-file") { Description = $"A file that holds the token to ask with (default: the token itself in {TokenVariable}, else none).", HelpName = "FILE" };

    /// <summary>Whom to believe.</summary>
    public static readonly Option<string?> Authority = new("--tls-ca") { Description = $"Ask by HTTPS, and believe nodes whose certificates these authorities signed (PEM; default: {AuthorityVariable}).", HelpName = "FILE" };

    /// <summary>What to show.</summary>
    public static readonly Option<string?> Certificate = new("--tls-cert") { Description = "Ask by HTTPS, and show this certificate (PEM).", HelpName = "FILE" };

    /// <summary>Its key.</summary>
    public static readonly Option<string?> Key = new("--tls-key") { Description = "The certificate's private key (PEM).", HelpName = "FILE" };

    private readonly string? _token;
    private readonly RaftStreamClientTls? _tls;

    private ClientAccess(string? token, RaftStreamClientTls? tls) => (_token, _tls) = (token, tls);

    /// <summary>What stands in front of the nodes' addresses.</summary>
    public string Scheme => _tls is null ? "http://" : "https://";

    /// <summary>What the command line and the environment say.</summary>
    /// <exception cref="UsageException">The file of the token cannot be read, or holds none.</exception>
    public static ClientAccess Of(ParseResult parsed)
    {
        var token = parsed.GetValue(TokenFile) is { } file ? ReadToken(file) : Environment.GetEnvironmentVariable(TokenVariable);
        if (token is not null && !IsToken(token))
            throw new UsageException($"{TokenVariable} holds no token: give the one that 'raftstream token create' printed.");
        var (authority, certificate, key) = (parsed.GetValue(Authority) ?? Environment.GetEnvironmentVariable(AuthorityVariable), parsed.GetValue(Certificate), parsed.GetValue(Key));
        return new(token, authority is null && certificate is null && key is null ? null : new() { AuthorityFile = authority, CertificateFile = certificate, KeyFile = key });
    }

    /// <summary>An HTTP client that asks so. Owned by the caller.</summary>
    /// <exception cref="UsageException">A file of certificates cannot be used.</exception>
    public HttpClient CreateClient()
    {
        try
        {
            var client = HttpClients.Create(_tls is null ? null : new TlsDialler(_tls, TimeProvider.System).Options(host: null));
            if (_token is not null)
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            return client;
        }
        catch (ArgumentException wrong)
        {
            throw new UsageException(wrong.Message, wrong);
        }
    }

    private static string ReadToken(string file)
    {
        try
        {
            using var reader = File.OpenText(file);
            var text = new char[AccessToken.MaxBytes + 2];
            var token = new string(text, 0, reader.ReadBlock(text)).Trim();
            return IsToken(token) ? token : throw new UsageException($"--token-file {file} holds no token: give a file with the one that 'raftstream token create' printed, and nothing else.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"--token-file {file} cannot be read: {failure.Message}", failure);
        }
    }

    private static bool IsToken(string text) => text.Length is >= 1 and <= AccessToken.MaxBytes && text.All(static one => one is > ' ' and <= '~');
}
