using System.Security.Cryptography;
using System.Text;

namespace RaftStream.Hosting.Security;

/// <summary>Changes a file of tokens, whole or not at all: running nodes read it again within seconds.</summary>
internal static class TokenFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a token, appends its line, and returns it: nobody can tell it again.</summary>
    /// <exception cref="UsageException">The name or the file is wrong, or the name is there already.</exception>
    public static string Add(string file, string name, AccessRole role)
    {
        if (!TokenTable.IsName(name))
            throw new UsageException($"The name '{name}' is none: give 1 to {TokenTable.MaxName} letters, digits, dots, dashes and underscores.");
        var lines = File.Exists(file) ? Lines(file) : [];
        if (lines.Exists(line => IsOf(line, name)))
            throw new UsageException($"The file {file} has a token of the name '{name}' already: give another one, or revoke that.");
        if (lines.Count(static line => NameOf(line) is not null) == TokenTable.MaxTokens)
            throw new UsageException($"The file {file} has {TokenTable.MaxTokens} tokens, as many as it may: revoke some.");
        var token = AccessToken.Create();
        Write(file, [.. lines, $"{name} {role.NameOf()} {AccessToken.HashOf(token)}"]);
        return token;
    }

    /// <summary>Takes a token out.</summary>
    /// <exception cref="UsageException">The file is wrong, or there is no token of that name.</exception>
    public static void Revoke(string file, string name)
    {
        var lines = Lines(file);
        if (lines.RemoveAll(line => IsOf(line, name)) == 0)
            throw new UsageException($"The file {file} has no token of the name '{name}': 'raftstream token list' prints those it has.");
        Write(file, lines);
    }

    /// <summary>The tokens of a file.</summary>
    /// <exception cref="UsageException">The file is wrong.</exception>
    public static IReadOnlyList<TokenEntry> List(string file) => TokenTable.TryRead(file, out var table, out var problem) ? table.Entries : throw new UsageException(problem);

    /// <summary>Writes a file that only its owner may read, whole or not at all.</summary>
    /// <exception cref="UsageException">It cannot be written.</exception>
    public static void Write(string file, IEnumerable<string> lines)
    {
        var fresh = $"{file}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}.new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            using (var stream = new FileStream(fresh, options))
            {
                stream.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(static line => line + "\n"))));
                stream.Flush(flushToDisk: true);
            }

            File.Move(fresh, file, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new UsageException($"The file {file} cannot be written: {failure.Message}", failure);
        }
    }

    // What cannot be read is not added to: the nodes would take none of it.
    private static List<string> Lines(string file)
    {
        List(file);
        return [.. File.ReadAllLines(file, Encoding.UTF8)];
    }

    private static bool IsOf(string line, string name) => string.Equals(NameOf(line), name, StringComparison.Ordinal);

    private static string? NameOf(string line) => line.TrimStart().StartsWith('#') ? null : line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
}
