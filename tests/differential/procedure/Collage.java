import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.File;
import javax.imageio.ImageIO;

/** Lays photos beside each other, small ones: {@code java Collage.java OUT.png PHOTO..}; without any it is empty. */
public class Collage {
    public static void main(String[] arguments) throws Exception {
        int side = 200;
        int count = arguments.length - 1;
        BufferedImage collage = new BufferedImage(side * Math.max(count, 1), side, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = collage.createGraphics();
        graphics.setColor(Color.GRAY);
        graphics.fillRect(0, 0, collage.getWidth(), side);
        for (int number = 0; number < count; number++) {
            BufferedImage photo = ImageIO.read(new File(arguments[number + 1]));
            // Each a little smaller, so that their order is plain.
            int height = side - 20 * number;
            int width = Math.min(side, photo.getWidth() * height / photo.getHeight());
            graphics.drawImage(photo, side * number, 0, width, height, null);
        }
        ImageIO.write(collage, arguments[0].substring(arguments[0].length() - 3), new File(arguments[0]));
    }
}
