namespace RaftStream.Testing;

/// <summary>The power or the process went in the middle of an operation of a <see cref="SimDisk"/>. No <see cref="IOException"/>: nobody is left to handle it.</summary>
public sealed class SimulatedCrashException(string message) : Exception(message);

/// <summary>What a program asks of a <see cref="SimDisk"/> that changes something.</summary>
public enum DiskOperation
{
    /// <summary>A file is created.</summary>
    Create,

    /// <summary>Bytes are written.</summary>
    Write,

    /// <summary>A file's data is synced.</summary>
    SyncData,

    /// <summary>A file is renamed.</summary>
    Rename,

    /// <summary>A file is deleted.</summary>
    Delete,

    /// <summary>The folder is synced.</summary>
    SyncFolder,
}

/// <summary>How an operation of a <see cref="SimDisk"/> fails.</summary>
public enum DiskFault
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The medium reports an error (EIO). A failed sync has lost what it had not written, and a later one does not say so.</summary>
    IoError,

    /// <summary>There is no room (ENOSPC). Nothing has been changed; but a sync that meets it has failed like any other.</summary>
    DiskFull,
}

/// <summary>Where in an operation the crash comes.</summary>
public enum CrashMoment
{
    /// <summary>Before it has any effect.</summary>
    Before,

    /// <summary>With a part of its effect.</summary>
    Middle,

    /// <summary>With its whole effect, but before its caller learns of it.</summary>
    After,
}

/// <summary>What has happened on a <see cref="SimDisk"/> since it was made.</summary>
public sealed class SimDiskCounters
{
    /// <summary>Writes that were asked for.</summary>
    public long Writes { get; internal set; }

    /// <summary>Bytes that were asked to be written.</summary>
    public long BytesWritten { get; internal set; }

    /// <summary>Syncs of a file's data that were asked for.</summary>
    public long Syncs { get; internal set; }

    /// <summary>Syncs of the folder that were asked for.</summary>
    public long FolderSyncs { get; internal set; }

    /// <summary>Operations that were made to fail.</summary>
    public long Faults { get; internal set; }

    /// <summary>Power cuts.</summary>
    public long Crashes { get; internal set; }

    /// <summary>Power cuts that lost some, but not all, of a file's unsynced sectors.</summary>
    public long TornFiles { get; internal set; }

    /// <summary>Sectors lost in power cuts.</summary>
    public long SectorsLost { get; internal set; }

    /// <summary>Creates, renames and deletes lost in power cuts.</summary>
    public long NamesLost { get; internal set; }

    /// <summary>Bits flipped.</summary>
    public long BitsFlipped { get; internal set; }
}
