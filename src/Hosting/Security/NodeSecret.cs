using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.Hosting.Security;

/// <summary>
/// The secret that all nodes share, by which a node believes another one who asks: see docs/decisions/009-vouching.md. The file holds a line for each secret: the first one signs, all are believed, so that one can
/// replace the other while the nodes run. One a node; any thread.
/// </summary>
internal sealed class NodeSecret
{
    /// <summary>The shortest secret in characters: 256 bits in base64url.</summary>
    public const int MinCharacters = 43;

    private const int MaxSecrets = 4;
    private const long MaxFileBytes = 4_096;
    private const int RandomBytes = 32;
    private const char Separator = '\n';

    private readonly ReloadedFiles<Keys>? _keys;

    /// <exception cref="ReplicaException">The file cannot be used: one sentence.</exception>
    public NodeSecret(NodeSettings settings, TimeProvider time, ILogger<NodeSecret> logger)
    {
        if (settings.Security.NodeSecretFile is not { } file)
            return;
        _keys = ReloadedFiles<Keys>.Open(
            [file],
            ([NotNullWhen(true)] out Keys? keys, [NotNullWhen(false)] out string? problem) => TryRead(file, out keys, out problem),
            time,
            _ => logger.SecretReplaced(settings.Id, file),
            problem => logger.SecretNotReplaced(settings.Id, problem));
    }

    /// <summary>Whether there is one.</summary>
    public bool IsThere => _keys is not null;

    /// <summary>A new one.</summary>
    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>What a node says of who asks for that request; null where there is no secret.</summary>
    /// <param name="principal">Who asks.</param>
    /// <param name="request">What is asked for: method and target.</param>
    public string? Vouch(Principal principal, string request)
    {
        if (_keys?.Current.All[0] is not { } key)
            return null;
        var name = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(principal.Name));
        return string.Create(CultureInfo.InvariantCulture, $"{(int)principal.Role}.{name}.{Convert.ToHexStringLower(Sign(key, (int)principal.Role, name, request))}");
    }

    /// <summary>Who asks, by another node's account; null where that is none, or not made with the secret for this very request.</summary>
    public Principal? Believe(string vouch, string request)
    {
        var parts = vouch.Split('.');
        if (_keys is null || parts.Length != 3 || parts[2].Length != 2 * HMACSHA256.HashSizeInBytes || !parts[2].All(char.IsAsciiHexDigit)
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var role) || role > (int)AccessRole.Admin)
            return null;
        var told = Convert.FromHexString(parts[2]);
        var isRight = false;
        foreach (var key in _keys.Current.All)
            isRight |= CryptographicOperations.FixedTimeEquals(told, Sign(key, role, parts[1], request));
        return isRight ? new(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])), (AccessRole)role) : null;
    }

    private static byte[] Sign(byte[] key, int role, string name, string request) =>
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"raftstream vouch 1{Separator}{role}{Separator}{name}{Separator}{request}")));

    private static bool TryRead(string file, [NotNullWhen(true)] out Keys? keys, [NotNullWhen(false)] out string? problem)
    {
        (keys, problem) = (null, null);
        try
        {
            string[] lines = new FileInfo(file) is { Exists: true, Length: > MaxFileBytes } ? [] : [.. File.ReadAllLines(file, Encoding.UTF8).Select(static line => line.Trim()).Where(static line => line.Length > 0)];
            if (lines.Length is >= 1 and <= MaxSecrets && lines.All(static line => line.Length >= MinCharacters))
                keys = new([.. lines.Select(Encoding.UTF8.GetBytes)]);
            else
                problem = $"The file of the nodes' secret {file} holds none: give 1 to {MaxSecrets} lines of at least {MinCharacters} characters, such as 'raftstream token secret' writes.";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = $"The file of the nodes' secret {file} cannot be read ({failure.Message.TrimEnd('.')}): make it with 'raftstream token secret', and let this program read it.";
        }

        return problem is null;
    }

    private sealed record Keys(IReadOnlyList<byte[]> All);
}
