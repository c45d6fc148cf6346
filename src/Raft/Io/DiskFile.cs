using Microsoft.Win32.SafeHandles;

namespace RaftStream.Raft;

/// <summary>
/// An open file of a <see cref="FileDisk"/>. Owned by whoever opened it, used from one thread.
/// </summary>
/// <remarks>
/// <b>Safety.</b> After a failed sync the kernel marks the pages clean although they never reached the disk, so the next sync
/// succeeds and proves nothing. Therefore one failed write or sync makes the object refuse all further ones: what it holds can only
/// be learned by opening the file again.
/// </remarks>
internal sealed class DiskFile(string path, SafeFileHandle handle) : IDiskFile
{
    private bool _failed;

    /// <inheritdoc/>
    public long Length => RandomAccess.GetLength(handle);

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> destination)
    {
        var total = 0;
        while (total < destination.Length)
        {
            var count = RandomAccess.Read(handle, destination[total..], offset + total);
            if (count == 0)
                break;
            total += count;
        }

        return total;
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        RefuseAfterFailure();
        _failed = true;
        try
        {
            RandomAccess.Write(handle, source, offset);
        }
        catch (IOException full) when (Posix.IsOutOfSpace(full))
        {
            throw new DiskFullException($"There is no room to write '{path}': {full.Message}", full);
        }

        _failed = false;
    }

    /// <inheritdoc/>
    public void SyncData()
    {
        RefuseAfterFailure();
        _failed = true;
        Posix.SyncData(handle, path);
        _failed = false;
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private void RefuseAfterFailure()
    {
        if (_failed)
            throw new IOException($"'{path}' takes no more writes after one that failed: what reached the disk is unknown until the node starts again.");
    }
}
