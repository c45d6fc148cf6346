using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace RaftStream.Hosting.Security;

/// <summary>What is known of one token: never the token itself.</summary>
/// <param name="Name">1 to 64 letters, digits, dots, dashes and underscores.</param>
/// <param name="Role">What whoever holds it may do.</param>
/// <param name="Hash">The SHA-256 of it.</param>
internal sealed record TokenEntry(string Name, AccessRole Role, byte[] Hash);

/// <summary>
/// The tokens of a file as they were at one moment: one line each, <c>name role hash</c>, the hash 64 hexadecimal digits; blank lines and those that begin with # say nothing. Immutable.
/// </summary>
internal sealed class TokenTable
{
    /// <summary>A file has no more tokens: each is compared with at each new connection.</summary>
    public const int MaxTokens = 1_000;

    /// <summary>The longest name.</summary>
    public const int MaxName = 64;

    private const long MaxFileBytes = 1024 * 1024;

    private readonly List<TokenEntry> _entries;
    private readonly List<Principal> _principals;

    private TokenTable(List<TokenEntry> entries) => (_entries, _principals) = (entries, entries.ConvertAll(static entry => new Principal(entry.Name, entry.Role)));

    /// <summary>The tokens, in the order of the file.</summary>
    public IReadOnlyList<TokenEntry> Entries => _entries;

    /// <summary>
    /// Who holds that token; null where nobody does. Takes as long for any bytes of one length: all hashes are looked at, each to its end, whether or not one was found.
    /// </summary>
    public Principal? Find(ReadOnlySpan<byte> token)
    {
        if (token.Length is 0 or > AccessToken.MaxBytes)
            return null;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(token, hash);
        Principal? found = null;
        for (var place = 0; place < _entries.Count; place++)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, _entries[place].Hash))
                found = _principals[place];
        }

        return found;
    }

    /// <summary>Whether a text may be a token's name.</summary>
    public static bool IsName(string name) => name.Length is >= 1 and <= MaxName && name.All(static one => char.IsAsciiLetterOrDigit(one) || one is '.' or '-' or '_');

    /// <summary>Reads a file. False: it cannot be used, and <paramref name="problem"/> says in one sentence where and what to do. No sentence repeats what a line holds, which may be a token by mistake.</summary>
    public static bool TryRead(string file, [NotNullWhen(true)] out TokenTable? table, [NotNullWhen(false)] out string? problem)
    {
        (table, problem) = (null, null);
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > MaxFileBytes })
                problem = $"The file of tokens {file} has more than {MaxFileBytes} bytes: it holds at most {MaxTokens} lines 'name role hash'.";
            else
                return TryParse(file, File.ReadAllLines(file, Encoding.UTF8), out table, out problem);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = $"The file of tokens {file} cannot be read ({failure.Message.TrimEnd('.')}): make it with 'raftstream token create', and let this program read it.";
        }

        return false;
    }

    private static bool TryParse(string file, string[] lines, [NotNullWhen(true)] out TokenTable? table, [NotNullWhen(false)] out string? problem)
    {
        (table, problem) = (null, null);
        var entries = new List<TokenEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var number = 1; number <= lines.Length; number++)
        {
            var line = lines[number - 1].Trim();
            if (line.Length == 0 || line.StartsWith('#'))
                continue;
            if (ParseLine(line) is not { } entry)
                problem = $"Line {number} of the file of tokens {file} is none: write 'name role hash' with the role read, write or admin and the 64 hexadecimal digits of the SHA-256, or let 'raftstream token create' write it.";
            else if (!names.Add(entry.Name))
                problem = $"Line {number} of the file of tokens {file} has the name '{entry.Name}' a second time: each token needs its own.";
            else if (entries.Count == MaxTokens)
                problem = $"The file of tokens {file} has more than {MaxTokens} tokens: revoke some.";
            else
                entries.Add(entry);
            if (problem is not null)
                return false;
        }

        table = new(entries);
        return true;
    }

    private static TokenEntry? ParseLine(string line)
    {
        var parts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 3 && IsName(parts[0]) && AccessRoles.Parse(parts[1]) is { } role && parts[2].Length == 2 * SHA256.HashSizeInBytes && parts[2].All(char.IsAsciiHexDigit)
            ? new(parts[0], role, Convert.FromHexString(parts[2]))
            : null;
    }
}
