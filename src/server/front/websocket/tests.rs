use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// A server's WebSocket and the bare other end.
fn pair() -> (WebSocket<DuplexStream>, DuplexStream) {
    let (server, client) = duplex(1 << 20);
    (WebSocket::new(server, BytesMut::new()), client)
}

/// A client's frame, its mask all zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

async fn expect(client: &mut DuplexStream, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    client.read_exact(&mut read).await.unwrap();
    assert_eq!(read, bytes);
}

#[tokio::test]
async fn what_is_flushed_is_one_frame() {
    let (mut server, mut client) = pair();
    server.write_all(b"ab").await.unwrap();
    server.write_all(b"cd").await.unwrap();
    server.flush().await.unwrap();
    server.flush().await.unwrap();
    server.write_all(&[7; 300]).await.unwrap();
    server.flush().await.unwrap();
    drop(server);
    expect(&mut client, b"\x82\x04abcd\x82\x7E\x01\x2C").await;
    expect(&mut client, &[7; 300]).await;
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn much_is_cut_into_frames() {
    let (mut server, mut client) = pair();
    server.write_all(&[1; 200_000]).await.unwrap();
    server.flush().await.unwrap();
    for length in [65_535_u16, 65_535, 65_535] {
        expect(&mut client, &[b"\x82\x7E".as_slice(), &length.to_be_bytes()].concat()).await;
        expect(&mut client, &vec![1; length.into()]).await;
    }
    expect(&mut client, &[0x82, 0x7E, 0x0D, 0x43]).await;
}

#[tokio::test]
async fn what_cannot_be_written_is_not_piled_up() {
    let (server, _client) = duplex(10);
    let mut server = WebSocket::new(server, BytesMut::new());
    let mut taken = 0;
    let stuck = std::future::poll_fn(|cx| {
        while let Poll::Ready(written) = Pin::new(&mut server).poll_write(cx, &[0; 10_000]) {
            taken += written.unwrap();
        }
        Poll::Ready(())
    });
    stuck.await;
    assert_eq!(taken, 2 * MAX_FRAME);
}

#[tokio::test]
async fn early_frames_come_first() {
    let (io, mut client) = duplex(100);
    let mut server = WebSocket::new(io, BytesMut::from(&*frame(0x82, b"ab")));
    client.write_all(&frame(0x82, b"cd")).await.unwrap();
    let mut read = [0; 4];
    server.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"abcd");
}

#[tokio::test]
async fn a_ping_is_answered_while_nothing_else_happens() {
    let (mut server, mut client) = pair();
    client.write_all(&frame(0x89, b"are you there")).await.unwrap();
    let mut read = [0; 1];
    tokio::select! {
        biased;
        read = server.read(&mut read) => panic!("{read:?}"),
        () = expect(&mut client, b"\x8A\x0Dare you there") => {}
    }
}

#[tokio::test]
async fn a_close_is_echoed_and_nothing_follows() {
    let (mut server, mut client) = pair();
    client.write_all(&frame(0x82, b"a")).await.unwrap();
    client.write_all(&frame(0x88, b"\x03\xE9")).await.unwrap();
    let mut read = [0; 2];
    assert_eq!(server.read(&mut read).await.unwrap(), 1);
    assert_eq!(server.read(&mut read).await.unwrap(), 0);
    server.write_all(b"too late").await.unwrap();
    server.shutdown().await.unwrap();
    expect(&mut client, b"\x88\x02\x03\xE9").await;
    assert_eq!(client.read(&mut read).await.unwrap(), 0);
}

#[tokio::test]
async fn a_violation_is_told_then_bye() {
    let (mut server, mut client) = pair();
    server.write_all(b"not flushed yet").await.unwrap();
    client.write_all(&frame(0x81, b"text")).await.unwrap();
    client.write_all(&frame(0x82, b"more")).await.unwrap();
    client.shutdown().await.unwrap();
    let mut read = [0; 10];
    assert_eq!(server.read(&mut read).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert_eq!(server.read(&mut read).await.unwrap(), 0);
    server.shutdown().await.unwrap();
    let mut sent = Vec::new();
    client.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, b"\x88\x27\x03\xEFreceived a text frame: Bolt is binary\x88\x05\x03\xE8Bye");
}

#[tokio::test]
async fn the_end_is_said() {
    let (mut server, mut client) = pair();
    server.write_all(b"last").await.unwrap();
    server.shutdown().await.unwrap();
    server.shutdown().await.unwrap();
    let mut sent = Vec::new();
    client.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, b"\x82\x04last\x88\x05\x03\xE8Bye");
}
