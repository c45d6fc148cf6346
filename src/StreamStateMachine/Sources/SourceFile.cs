using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// One open file of a source, read from front to end. The handle stays on the file when that is renamed. Owned by one reader.
/// </summary>
/// <remarks>
/// Synchronous reads throughout: asynchronous file I/O on Linux is a thread of the pool doing the same call.
/// </remarks>
internal sealed class SourceFile : IDisposable
{
    /// <summary>How many bytes at a file's start tell it from others of the same log.</summary>
    public const int HeadBytes = 4_096;

    private readonly SafeFileHandle _handle;
    private readonly (ulong Device, ulong Number)? _identity;
    private readonly byte[] _head = new byte[HeadBytes];
    private int _headLength;

    private SourceFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        _identity = Posix.FileIdentity(handle);
    }

    /// <summary>The name it was opened by; it may have another one by now.</summary>
    public string Path { get; }

    /// <summary>How many bytes have been read.</summary>
    public long Offset { get; private set; }

    /// <summary>How many bytes it has now.</summary>
    public long Length => RandomAccess.GetLength(_handle);

    /// <summary>Opens a file, or gives null where there is none of that name.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SourceFile? TryOpen(string path)
    {
        // Asked first because most names of older generations are free, and an exception costs a thousand times the question.
        if (!File.Exists(path))
            return null;
        try
        {
            return new(path, File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete));
        }
        catch (FileNotFoundException)
        {
            // Renamed since the question: the same as if it had been asked now.
            return null;
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException($"'{path}' cannot be read ({refused.Message}): let the process read it.", refused);
        }
    }

    /// <summary>Reads on; 0 at the end that the file has now.</summary>
    public int Read(Span<byte> buffer)
    {
        var read = RandomAccess.Read(_handle, buffer, Offset);
        if (_headLength < HeadBytes && Offset == _headLength)
        {
            var part = buffer[..Math.Min(read, HeadBytes - _headLength)];
            part.CopyTo(_head.AsSpan(_headLength));
            _headLength += part.Length;
        }

        Offset += read;
        return read;
    }

    /// <summary>Reads from an offset and does not go on from there.</summary>
    public int ReadAt(Span<byte> buffer, long offset) => RandomAccess.Read(_handle, buffer, offset);

    /// <summary>
    /// Whether the other one is the same file and not one of equal content; where the system does not tell, whether it starts with what was
    /// read at the start of this one.
    /// </summary>
    public bool IsSameAs(SourceFile other) => _identity is { } mine && other._identity is { } theirs
        ? mine == theirs
        : other.StartsWith(_head.AsSpan(0, _headLength));

    /// <summary>SHA-256 of the file's first bytes, as many as an offset has behind it, up to <see cref="HeadBytes"/>.</summary>
    public byte[] HeadSha256(long offset) => SHA256.HashData(_head.AsSpan(0, (int)Math.Min(offset, _headLength)));

    /// <summary>Whether the bytes read so far can still be there: no shorter file, no other start.</summary>
    /// <exception cref="SourceChangedException">They cannot.</exception>
    public void CheckKept()
    {
        var length = Length;
        if (length >= Offset && StartsWith(_head.AsSpan(0, _headLength)))
            return;
        var what = length < Offset ? $"has {length} bytes, but {Offset} were read of it" : "no longer starts with the bytes that were read";
        throw new SourceChangedException($"'{Path}' {what}: truncating or rewriting a file in place (copytruncate) is not supported, since lines would be lost; rotate it by renaming, and start again under another partition name.");
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private bool StartsWith(ReadOnlySpan<byte> start)
    {
        Span<byte> there = stackalloc byte[HeadBytes];
        var filled = 0;
        while (filled < start.Length)
        {
            var read = RandomAccess.Read(_handle, there[filled..start.Length], filled);
            if (read == 0)
                return false;
            filled += read;
        }

        return there[..filled].SequenceEqual(start);
    }
}
