using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>An entry with the bytes that the core never sees, here a short text, or the members that it tells of.</summary>
internal readonly record struct EntryRecord(EntryShape Shape, string Text, Configuration? Configuration = null);

/// <summary>A message on the network, with the entries that an append carries.</summary>
internal sealed record Envelope(Message Message, EntryRecord[] Entries);

/// <summary>One write as the runtime would hand it to the disk.</summary>
internal sealed record DiskWrite(long Sequence, HardState? HardState, LogPosition Install, PlacedConfiguration? InstallMembers, LogIndex AppendFirst, EntryRecord[] Entries);
