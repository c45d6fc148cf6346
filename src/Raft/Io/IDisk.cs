namespace RaftStream.Raft;

/// <summary>
/// One flat folder of files, as the log and the snapshot store see a disk. Synchronous: it is called by the disk agent alone.
/// A failure is an <see cref="IOException"/>; no other exception leaves an implementation for a fault of the medium. Where there is no
/// room for what a create, a write or a rename needs it is a <see cref="DiskFullException"/>; a sync never ends with that one.
/// </summary>
/// <remarks>
/// What a power cut may take: bytes written and not followed by <see cref="IDiskFile.SyncData"/>, in any subset of 512-byte
/// sectors; files created, renamed or deleted and not followed by <see cref="SyncFolder"/>.
/// </remarks>
public interface IDisk
{
    /// <summary>The names of all files, in ordinal order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Creates an empty file and opens it for reading and writing.</summary>
    /// <exception cref="IOException">It exists already, or the medium failed.</exception>
    /// <exception cref="DiskFullException">There is no room; there is no such file.</exception>
    IDiskFile Create(string name);

    /// <summary>Opens an existing file for reading and writing.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    IDiskFile Open(string name);

    /// <summary>Renames a file, replacing one that has the new name.</summary>
    /// <exception cref="DiskFullException">There is no room for the name; the file has its old one.</exception>
    void Rename(string from, string to);

    /// <summary>Deletes a file; one that is not there is no error.</summary>
    void Delete(string name);

    /// <summary>Makes every create, rename and delete so far survive a power cut.</summary>
    void SyncFolder();
}

/// <summary>One open file. Owned by whoever opened it.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>The length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to <paramref name="destination"/>'s length from <paramref name="offset"/> on; returns fewer bytes only at the end of the file.</summary>
    int Read(long offset, Span<byte> destination);

    /// <summary>Writes all bytes at <paramref name="offset"/>, growing the file where needed.</summary>
    /// <exception cref="DiskFullException">There is no room; a part may have been written. Open the file again to go on.</exception>
    void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Makes all bytes written so far survive a power cut (fdatasync).</summary>
    void SyncData();
}
