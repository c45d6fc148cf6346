using System.Security.Cryptography;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The files of one log by age: <c>a.log</c> is the newest, <c>a.log.1</c> the one before it, up to <c>a.log.999</c>. Owns no file: those it
/// gives are the caller's.
/// </summary>
/// <remarks>
/// A rotation renames files while they are looked for. Every search asks for the names from the newest to the oldest, and rotation only
/// moves files the same way, oldest first, so none is missed: a file that is not at name i when i is asked for, and was not met at a lower
/// one, is at a higher one then, which is asked for later. The last file met before a given one is therefore its successor: a file between
/// the two, met before, would have moved past it and been met again.
/// </remarks>
internal sealed class FileGenerations(string path)
{
    /// <summary>How many older files are looked for.</summary>
    public const int MaxOlder = 999;

    private const int ReadSize = 64 * 1024;

    /// <summary>Splits a file's name into that of its log and whether it is an older generation of it.</summary>
    public static (string Log, bool IsOlder) LogOf(string name)
    {
        var dot = name.LastIndexOf('.');
        var digits = name.AsSpan(dot + 1);
        var isOlder = dot > 0 && digits.Length is >= 1 and <= 3 && digits[0] != '0' && digits.IndexOfAnyExceptInRange('0', '9') < 0;
        return isOlder ? (name[..dot], true) : (name, false);
    }

    /// <summary>The oldest file there is, or null.</summary>
    public SourceFile? OpenOldest()
    {
        SourceFile? oldest = null;
        for (var age = 0; age <= MaxOlder; age++)
        {
            if (SourceFile.TryOpen(NameAt(age)) is not { } file)
                continue;
            oldest?.Dispose();
            oldest = file;
        }

        return oldest;
    }

    /// <summary>The file that comes after another one, if there is one yet.</summary>
    /// <exception cref="SourceChangedException">The other one has none of the names any more, so nobody knows what comes after it.</exception>
    public SourceFile? OpenNextAfter(SourceFile current)
    {
        SourceFile? next = null;
        for (var age = 0; age <= MaxOlder; age++)
        {
            if (SourceFile.TryOpen(NameAt(age)) is not { } file)
                continue;
            if (current.IsSameAs(file))
            {
                file.Dispose();
                return next;
            }

            next?.Dispose();
            next = file;
        }

        next?.Dispose();
        throw new SourceChangedException($"'{path}' was deleted or exchanged while it was read, and the file that was read is not among '{path}.1' to '{path}.{MaxOlder}', so what followed it may be lost: rotate by renaming to these names, and start again under another partition name.");
    }

    /// <summary>Finds the file that starts with the bytes read before a position, and stands behind them in it.</summary>
    /// <exception cref="SourceChangedException">No file does, or several do.</exception>
    public (SourceFile File, IncrementalHash Prefix) OpenAt(FilePosition position, CancellationToken cancellationToken)
    {
        (SourceFile File, IncrementalHash Prefix)? found = null;
        try
        {
            for (var age = 0; age <= MaxOlder; age++)
            {
                if (SourceFile.TryOpen(NameAt(age)) is not { } file)
                    continue;
                if (found is { } earlier && earlier.File.IsSameAs(file))
                {
                    // Renamed between the two questions.
                    file.Dispose();
                    continue;
                }

                if (TryRead(file, position, cancellationToken) is not { } prefix)
                    continue;
                if (found is { } other)
                {
                    prefix.Dispose();
                    file.Dispose();
                    throw new SourceChangedException($"'{other.File.Path}' and '{file.Path}' both start with the {position.Offset} bytes that were read, so nobody can tell which one was: remove the copy, or start again under another partition name.");
                }

                found = (file, prefix);
            }

            return found ?? throw NotFound(position);
        }
        catch (Exception)
        {
            found?.File.Dispose();
            found?.Prefix.Dispose();
            throw;
        }
    }

    /// <summary>Reads a file up to the position, and disposes of it where that is not what was read before.</summary>
    private static IncrementalHash? TryRead(SourceFile file, FilePosition position, CancellationToken cancellationToken)
    {
        var prefix = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var isKept = false;
        try
        {
            isKept = Matches(file, prefix, position, cancellationToken);
            return isKept ? prefix : null;
        }
        finally
        {
            if (!isKept)
            {
                prefix.Dispose();
                file.Dispose();
            }
        }
    }

    private static bool Matches(SourceFile file, IncrementalHash prefix, FilePosition position, CancellationToken cancellationToken)
    {
        if (file.Length < position.Offset)
            return false;
        var buffer = new byte[ReadSize];
        while (file.Offset < position.Offset)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var size = file.Offset == 0 ? SourceFile.HeadBytes : ReadSize;
            var read = file.Read(buffer.AsSpan(0, (int)Math.Min(size, position.Offset - file.Offset)));
            if (read == 0)
                return false;
            prefix.AppendData(buffer, 0, read);
            if (file.Offset == Math.Min(position.Offset, SourceFile.HeadBytes) && !file.HeadSha256(position.Offset).AsSpan().SequenceEqual(position.HeadSha256))
                return false;
        }

        return prefix.GetCurrentHash().AsSpan().SequenceEqual(position.PrefixSha256);
    }

    private SourceChangedException NotFound(FilePosition position)
    {
        var length = File.Exists(path) ? new FileInfo(path).Length : -1;
        var what = length < 0 ? "is not there"
            : length < position.Offset ? $"has {length} bytes, but {position.Offset} were read of it"
            : $"does not start with the {position.Offset} bytes that were read of it";
        return new($"'{path}' {what}, and no older file of it ('{path}.1' and so on) does: put the file back as it was, or read the new one under another partition name.");
    }

    private string NameAt(int age) => age == 0 ? path : $"{path}.{age}";
}
